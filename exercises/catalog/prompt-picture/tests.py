from workers.testkit import test
from workers.testkit.images import assert_similar

FIRST_SEED = 11


@test(
    "One picture comes a third of the way",
    points=2,
    public=True,
    title={"fr": "Une image fait un tiers du chemin"},
    hint={
        "en": "Say what is in the picture first: the large things, from the back to the front.",
        "fr": "Dites d'abord ce qu'il y a sur l'image : les grands éléments, du fond vers le premier plan.",
    },
)
def one_picture(solution, rng):
    assert_similar(solution.draw([FIRST_SEED]), at_least=1 / 3)


@test(
    "Two of three pictures come half of the way",
    points=4,
    title={"fr": "Deux images sur trois font la moitié du chemin"},
    hint={
        "en": "Say how the picture is made: a photograph, a painting, a flat drawing? Which colours?",
        "fr": "Dites comment l'image est faite : photographie, peinture, dessin en aplats ? De quelles couleurs ?",
    },
)
def half_way(solution, rng):
    assert_similar(solution.draw(), at_least=0.5)


@test(
    "Two of three pictures come three quarters of the way",
    points=4,
    title={"fr": "Deux images sur trois font les trois quarts du chemin"},
    hint={
        "en": "Where does each thing stand, and how large is it? What did your pictures add that the target has not?",
        "fr": "Où se trouve chaque élément, et de quelle taille ? Qu'ont vos images que la cible n'a pas ?",
    },
)
def three_quarters(solution, rng):
    assert_similar(solution.draw(), at_least=0.75)
