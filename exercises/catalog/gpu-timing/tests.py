from statistics import median

from workers.testkit import assert_close, fail, test

WARM_UP = 3
BYTES_PER_SECOND = 12e9  # of the way to the card
LAUNCH = 6e-6  # seconds that the processor needs to hand a product over


class Card:
    """A scripted GPU: it has a clock of its own making, works through a queue, and tells nothing until it is asked.

    `seconds`: how long each product takes, in the order in which they are started; then the last one again.
    """

    def __init__(self, seconds):
        self.seconds = seconds
        self.now = 3.0  # the processor's clock
        self.free_at = 0.0  # when the card has worked through its queue
        self.size = 0
        self.events = []
        self.products, self.uploads, self.downloads = [], [], []  # (start, end)

    def __call__(self, command, *words):
        known = ("clock", "upload", "product", "event", "synchronise", "elapsed", "download")
        if command not in known:
            raise ValueError(f"unknown command {command!r}; there are {', '.join(known)}")
        return getattr(self, f"_{command}")(*words)

    def _clock(self):
        return self.now

    def _transfer(self, matrices):
        started, self.now = self.now, self.now + matrices * 4 * self.size**2 / BYTES_PER_SECOND
        return started, self.now

    def _upload(self, n):
        self.size = n
        self.uploads.append(self._transfer(2))

    def _product(self):
        if not self.uploads:
            raise ValueError("nothing to multiply: upload first")
        started = max(self.now, self.free_at)
        self.free_at = started + self.seconds[min(len(self.products), len(self.seconds) - 1)]
        self.products.append((started, self.free_at))
        self.now += LAUNCH

    def _event(self):
        self.events.append(max(self.now, self.free_at))
        return len(self.events) - 1

    def _synchronise(self):
        self.now = max(self.now, self.free_at)

    def _elapsed(self, first, second):
        if max(self.events[first], self.events[second]) > self.now:
            raise RuntimeError("the card has not reached this event yet: synchronise first")
        return 1000 * (self.events[second] - self.events[first])

    def _download(self):
        self._synchronise()  # the result has to be there
        self.downloads.append(self._transfer(1))


def check(solution, seconds, n, repeats, parts=("upload", "product", "download")):
    """Time a card whose products take `seconds`; the tuple's `parts` must be right."""
    card = Card(seconds)
    got = solution.time_product(card, n, repeats)
    want = {
        "upload": 2 * 4 * n * n / BYTES_PER_SECOND,
        "product": median(seconds[WARM_UP : WARM_UP + repeats]),
        "download": 4 * n * n / BYTES_PER_SECOND,
    }
    if not isinstance(got, tuple) or len(got) != 3:
        fail(
            {
                "en": "time_product must return a tuple of three numbers of seconds: upload, product, download.",
                "fr": "time_product doit renvoyer un tuple de trois nombres de secondes : envoi, produit, retour.",
            }
        )
    for name, value in zip(want, got, strict=True):
        if name in parts:
            assert_close(value, want[name], rtol=1e-6, atol=1e-12, name=name)
    return card


def steady(repeats, seconds):
    return [seconds] * (WARM_UP + repeats)


@test(
    "Example: 4 ms for a product",
    title={"fr": "Exemple : 4 ms par produit"},
    points=1,
    public=True,
    hint={
        "en": "A product is only *started* by the call: put a mark before it and one after it, synchronise, and ask "
        "for the time between the two. It comes in milliseconds.",
        "fr": "L'appel ne fait que *lancer* un produit : placez un repère avant et un après, synchronisez, puis "
        "demandez le temps écoulé entre les deux. Il est donné en millisecondes.",
    },
)
def example(solution, rng):
    check(solution, [0.9, 0.004, 0.004, 0.004, 0.0041, 0.005], 3000, 3)


@test(
    "Example: speed, and the share of the transfers",
    title={"fr": "Exemple : la vitesse, et la part des transferts"},
    points=1,
    public=True,
    hint={
        "en": "Each of the n² results takes n multiplications and n − 1 additions. The transfers are made once, the "
        "products `products` times.",
        "fr": "Chacun des n² résultats demande n multiplications et n − 1 additions. Les transferts n'ont lieu qu'une "
        "fois, les produits `products` fois.",
    },
)
def example_figures(solution, rng):
    assert_close(solution.tflops(10_000, 0.2), 9.9995, name="tflops(10_000, 0.2)")
    assert_close(solution.transfer_share(0.003, 0.004, 0.001, 1), 0.5, name="transfer_share(…, 1)")
    assert_close(solution.transfer_share(0.003, 0.004, 0.001, 9), 0.1, name="transfer_share(…, 9)")


# Hidden from here on.


@test(
    "Nothing of the warm-up is counted",
    title={"fr": "Rien de la mise en route n’est compté"},
    points=2,
    hint={
        "en": "The first WARM_UP products compile and fill caches: start them, and put the first mark after them. "
        "Learn nothing from them either.",
        "fr": "Les WARM_UP premiers produits compilent et remplissent les caches : lancez-les, et placez le premier "
        "repère après eux. N'en tirez aucune mesure.",
    },
)
def warm_up(solution, rng):
    for repeats in (1, 2, 5):
        seconds = float(rng.uniform(0.002, 0.02))
        check(solution, [2.5, 0.7, 0.3, *[seconds] * repeats], 2000, repeats, ("product",))
        # A card may also be faster at first, until it is hot.
        check(solution, [seconds / 3] * WARM_UP + [seconds] * repeats, 2000, repeats, ("product",))


@test(
    "The median of single products",
    title={"fr": "La médiane de produits isolés"},
    points=2,
    hint={
        "en": "One slow product must not change the result: time each one between its own two marks. With an even "
        "number the median is the mean of the two in the middle.",
        "fr": "Un seul produit lent ne doit pas changer le résultat : chronométrez chacun entre ses deux repères. "
        "Si leur nombre est pair, la médiane est la moyenne des deux du milieu.",
    },
)
def medians(solution, rng):
    for repeats in (4, 7, 12, 20):
        seconds = [float(x) for x in rng.uniform(0.003, 0.006, size=WARM_UP + repeats)]
        seconds[WARM_UP + int(rng.integers(repeats))] *= 40  # another program had the card
        check(solution, seconds, 1500, repeats, ("product",))


@test(
    "Transfers apart, and nobody’s wait in them",
    title={"fr": "Les transferts à part, sans attente d’autrui"},
    points=2,
    hint={
        "en": "Read the processor's clock around each transfer alone. The download waits until the card is done: "
        "synchronise before you look at the clock.",
        "fr": "Lisez l'horloge du processeur autour de chaque transfert seul. Le retour attend que la carte ait fini : "
        "synchronisez avant de lire l'horloge.",
    },
)
def transfers(solution, rng):
    for n in (100, 5000, int(rng.integers(6000, 9000))):
        check(solution, steady(6, float(rng.uniform(0.05, 0.3))), n, 6, ("upload", "download"))
        check(solution, steady(3, 2e-6), n, 3, ("upload", "download"))  # shorter than its own launch


@test(
    "What was measured has been done",
    title={"fr": "Ce qui est mesuré a été fait"},
    points=1,
    hint={
        "en": "One upload, WARM_UP + repeats products, one download, in this order. Do not calculate a time that you "
        "can measure.",
        "fr": "Un envoi, WARM_UP + repeats produits, un retour, dans cet ordre. Ne calculez pas un temps que vous "
        "pouvez mesurer.",
    },
)
def done(solution, rng):
    for repeats in (1, 8):
        seconds = float(rng.uniform(0.01, 0.09))
        card = check(solution, steady(repeats, seconds), 4000, repeats, ())
        counts = len(card.uploads), len(card.products), len(card.downloads)
        if counts != (1, WARM_UP + repeats, 1):
            fail(
                {
                    "en": f"The card saw {counts[0]} uploads, {counts[1]} products and {counts[2]} downloads; 1, "
                    f"{WARM_UP + repeats} and 1 were asked for.",
                    "fr": f"La carte a vu {counts[0]} envois, {counts[1]} produits et {counts[2]} retours ; on en "
                    f"demandait 1, {WARM_UP + repeats} et 1.",
                }
            )
        if card.downloads[0][0] < card.products[-1][1] or card.uploads[0][0] != 3.0:
            fail(
                {
                    "en": "The upload comes first and the download last.",
                    "fr": "L'envoi vient en premier et le retour en dernier.",
                }
            )


@test(
    "Figures of any size",
    title={"fr": "Des chiffres de toute taille"},
    points=1,
    hint={
        "en": "n²(2n − 1) operations, not 2n²: for a small n the −1 is seen. The share lies between 0 and 1.",
        "fr": "n²(2n − 1) opérations, et non 2n² : pour un petit n, le −1 se voit. La part est entre 0 et 1.",
    },
)
def figures(solution, rng):
    for n in (1, 2, 7, 4096):
        seconds = float(rng.uniform(1e-6, 3))
        operations = sum((n + (n - 1)) * n for _ in range(n))
        assert_close(
            solution.tflops(n, seconds), operations / seconds * 1e-12, rtol=1e-9, atol=0.0, name=f"tflops({n})"
        )
    for products in (1, 3, 1000):
        up, product, down = (float(x) for x in rng.uniform(0.001, 2, size=3))
        want = 1 - products * product / (up + down + products * product)
        assert_close(solution.transfer_share(up, product, down, products), want, name="transfer_share")
