from workers.testkit import test
from workers.testkit.texts import assert_contains, assert_length, assert_regex, assert_without

FORM = r"Could you please [^?!]+\?"
MOST_WORDS = 10
FORBIDDEN = ["idiot", "fool", "lazy", "stupid", "pig", "hurry", "or else", "now", "!"]
PUBLIC = {
    "Close the door, you idiot!": "door",
    "Bring me the salt, and hurry up!": "salt",
    "Clean the kitchen, you lazy pig!": "kitchen",
    "Sign the contract now, or else!": "contract",
}
# The order, and the word that must still be there.
HIDDEN = {
    "Give me the report, you idiot!": "report",
    "Send the invoice now, or else!": "invoice",
    "Wash the car, you lazy fool!": "car",
    "Answer my email, and hurry up!": "email",
    "Read the letter, you fool!": "letter",
    "Finish the homework now, or else!": "homework",
    "Turn off the radio, you stupid pig!": "radio",
    "Buy some bread, and hurry up!": "bread",
    "Move your bicycle, you idiot!": "bicycle",
    "Lock the gate now, or else!": "gate",
    "Carry my bag, you lazy pig!": "bag",
    "Call the doctor, and hurry up!": "doctor",
    "Listen to the teacher, you fool!": "teacher",
    "Paint the fence now, or else!": "fence",
    "Water the plants, you lazy idiot!": "plants",
    "Print the poster, and hurry up!": "poster",
    "Return the book, you stupid fool!": "book",
    "Repair the roof now, or else!": "roof",
    "Pour me some coffee, you idiot!": "coffee",
    "Pay the bill, and hurry up!": "bill",
    "Stop the music, you fool!": "music",
    "Take out the rubbish now, or else!": "rubbish",
    "Write the summary, you lazy pig!": "summary",
    "Find the keys, and hurry up!": "keys",
    "Make the bed, you idiot!": "bed",
    "Cut the grass now, or else!": "grass",
    "Check the brakes, you stupid idiot!": "brakes",
    "Set the table, and hurry up!": "table",
    "Hold the ladder, you fool!": "ladder",
    "Tell me your name now, or else!": "name",
    "Iron the shirt, you lazy fool!": "shirt",
    "Book a room, and hurry up!": "room",
}


def kept(orders):
    """What each answer must contain: an answer that only repeats the order does not begin so."""
    return [["could you please", word] for word in orders.values()]


@test(
    "The four orders of the statement",
    points=2,
    public=True,
    title={"fr": "Les quatre ordres de l'énoncé"},
    hint={
        "en": "Show the model some rude orders, each with its polite question, then the new one without.",
        "fr": "Montrez au modèle quelques ordres, chacun avec sa question polie, puis le nouveau sans question.",
    },
)
def statement(solution, rng):
    outputs = solution.complete(list(PUBLIC))
    assert_regex(outputs, FORM)
    assert_length(outputs, most=MOST_WORDS)
    assert_contains(outputs, kept(PUBLIC))
    assert_without(outputs, FORBIDDEN)


@test(
    "A short question that begins with “Could you please”",
    points=4,
    title={"fr": "Une question courte qui commence par « Could you please »"},
    hint={
        "en": "All your questions should begin and end alike, with a new line after each.",
        "fr": "Que toutes vos questions commencent et finissent de la même façon, avec un saut de ligne après chacune.",
    },
)
def form(solution, rng):
    outputs = solution.complete(list(HIDDEN))
    assert_regex(outputs, FORM, at_least=0.85)
    assert_length(outputs, most=MOST_WORDS, at_least=0.85)


@test(
    "The wish is still there, the rudeness is gone",
    points=4,
    title={"fr": "La demande y est encore, la grossièreté n'y est plus"},
    hint={
        "en": "Examples of one kind of rudeness say nothing of the others: show each kind once.",
        "fr": "Des exemples d'une seule grossièreté ne disent rien des autres : montrez-en une de chaque sorte.",
    },
)
def meaning(solution, rng):
    outputs = solution.complete(list(HIDDEN))
    assert_contains(outputs, kept(HIDDEN), at_least=0.85)
    assert_without(outputs, FORBIDDEN, at_least=0.9)
