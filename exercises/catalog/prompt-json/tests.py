from workers.testkit import test
from workers.testkit.texts import assert_json

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "town": {"type": "string"}},
    "required": ["name", "age", "town"],
    "additionalProperties": False,
}
FORMS = [
    "{name} is {age} years old and lives in {town}.",
    "{name}, {age}, lives in {town}.",
    "{name} from {town} is {age}.",
]
PUBLIC = [("Anna Schmidt", 34, "Berlin"), ("Paul Martin", 27, "Lyon"), ("Maria Rossi", 45, "Rome")]
HIDDEN = [
    ("John Smith", 31, "London"),
    ("Emma Dubois", 22, "Paris"),
    ("Lucas Moreau", 58, "Nantes"),
    ("Sofia Garcia", 41, "Madrid"),
    ("Peter Jones", 66, "Bristol"),
    ("Clara Weber", 29, "Hamburg"),
    ("Hugo Bernard", 37, "Lille"),
    ("Alice Brown", 19, "Oxford"),
    ("Marco Bianchi", 53, "Milan"),
    ("Julia Novak", 26, "Prague"),
    ("David Miller", 48, "Boston"),
    ("Nina Larsen", 33, "Oslo"),
    ("Thomas Petit", 61, "Nice"),
    ("Laura Fischer", 24, "Munich"),
    ("Kevin Murphy", 39, "Dublin"),
    ("Ines Costa", 44, "Lisbon"),
    ("Oscar Lind", 50, "Stockholm"),
    ("Helen Clark", 72, "York"),
    ("Louis Girard", 28, "Rennes"),
    ("Eva Horvat", 35, "Zagreb"),
    ("Mark Taylor", 57, "Leeds"),
    ("Camille Roux", 21, "Toulouse"),
    ("Karl Huber", 63, "Vienna"),
    ("Rosa Lopez", 46, "Seville"),
    ("Daniel Meyer", 30, "Zurich"),
    ("Sarah Wilson", 25, "Chicago"),
    ("Antoine Faure", 52, "Grenoble"),
    ("Lena Koch", 38, "Cologne"),
    ("George Evans", 69, "Cardiff"),
    ("Marie Leroy", 43, "Bordeaux"),
]


def rows(people):
    return [FORMS[i % len(FORMS)].format(name=n, age=a, town=c) for i, (n, a, c) in enumerate(people)]


def facts(people):
    return [{"name": name, "age": age, "town": town} for name, age, town in people]


@test(
    "The three people of the statement",
    points=2,
    public=True,
    title={"fr": "Les trois personnes de l'énoncé"},
    hint={
        "en": "Name the three keys, exactly as the statement writes them.",
        "fr": "Nommez les trois clés, exactement comme l'énoncé les écrit.",
    },
)
def statement(solution, rng):
    assert_json(solution.complete(rows(PUBLIC)), SCHEMA, facts(PUBLIC))


@test(
    "JSON with exactly the three keys",
    points=4,
    title={"fr": "Du JSON avec exactement les trois clés"},
    hint={
        "en": "Ask for JSON and write the three keys in quotes: the model makes up those that you do not name.",
        "fr": "Demandez du JSON et écrivez les trois clés entre guillemets : le modèle invente celles qui manquent.",
    },
)
def form(solution, rng):
    assert_json(solution.complete(rows(HIDDEN)), SCHEMA, at_least=0.9)


@test(
    "The right values",
    points=4,
    title={"fr": "Les bonnes valeurs"},
    hint={
        "en": "The age is a whole number without quotes; the name holds first and family name.",
        "fr": "L'âge est un nombre entier sans guillemets ; le nom comprend le prénom et le nom de famille.",
    },
)
def values(solution, rng):
    assert_json(solution.complete(rows(HIDDEN)), SCHEMA, facts(HIDDEN), at_least=0.6)
