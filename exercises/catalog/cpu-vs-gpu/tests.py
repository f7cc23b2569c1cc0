import math

import numpy as np

from workers.testkit import assert_close, assert_equal, test

SIZES = [64, 128, 256, 512, 1024, 2048]
CPU = [1e-5, 8e-5, 6.4e-4, 5.12e-3, 4.096e-2, 3.2768e-1]
GPU = [8e-5, 8e-5, 1e-4, 2e-4, 6.4e-4, 4.096e-3]


@test(
    "Example: 80 times, and 5 orders",
    title={"fr": "Exemple : 80 fois, et 5 ordres"},
    points=1,
    public=True,
    hint={
        "en": "The power of ten: log10. `worth_it`: the transfer is paid once, each product saves cpu − gpu.",
        "fr": "La puissance de dix : log10. `worth_it` : le transfert se paie une fois, chaque produit économise "
        "cpu − gpu.",
    },
)
def example_orders(solution, rng):
    assert_close(solution.orders_of_magnitude(80), 1.9030899869919435, name="orders_of_magnitude(80)")
    assert_close(solution.orders_of_magnitude(100_000), 5.0, name="orders_of_magnitude(100_000)")
    assert_equal(solution.worth_it(0.010, 0.005, 0.001), 3, name="worth_it(0.010, 0.005, 0.001)")


@test(
    "Example: growth and crossover",
    title={"fr": "Exemple : croissance et croisement"},
    points=1,
    public=True,
    hint={
        "en": "Eight times the time for twice the size is an exponent of 3. At 128 both take the same time: from there "
        "on the GPU is never slower.",
        "fr": "Huit fois le temps pour une taille double, c'est un exposant de 3. À 128, les deux prennent le même "
        "temps : à partir de là, le GPU n'est jamais plus lent.",
    },
)
def example_crossover(solution, rng):
    assert_close(solution.exponent(SIZES, CPU), 3.0, name="exponent(sizes, cpu)")
    assert_close(solution.crossover(SIZES, CPU, GPU), 128.0, name="crossover(sizes, cpu, gpu)")


# Hidden from here on. The crossover is found by bisection, the slope by solving the normal equations.


@test(
    "Factors of any size, below one as well",
    title={"fr": "Des facteurs de toute taille, même inférieurs à un"},
    points=1,
    hint={
        "en": "A factor of 0.01 is −2 orders: ten times slower counts down. Do not round.",
        "fr": "Un facteur de 0,01 fait −2 ordres : dix fois plus lent compte vers le bas. N'arrondissez pas.",
    },
)
def orders(solution, rng):
    for power in (-3.0, 0.0, 2.5, float(rng.uniform(-4, 6))):
        assert_close(solution.orders_of_magnitude(math.exp(power * math.log(10))), power, name="orders_of_magnitude")


@test(
    "The exponent of noisy measurements",
    title={"fr": "L’exposant de mesures bruitées"},
    points=2,
    hint={
        "en": "Least squares over all the points, on log(size) and log(time): the first and the last point alone are "
        "not enough, and sizes need not be powers of two.",
        "fr": "Les moindres carrés sur tous les points, avec log(taille) et log(temps) : le premier et le dernier point "
        "seuls ne suffisent pas, et les tailles ne sont pas forcément des puissances de deux.",
    },
)
def exponents(solution, rng):
    for count in (2, 3, 9):
        sizes = np.sort(rng.choice(np.arange(50, 5000), size=count, replace=False)).astype(float)
        times = float(rng.uniform(1e-9, 1e-6)) * sizes ** float(rng.uniform(0.5, 3.2)) * rng.uniform(0.5, 2, size=count)
        design = np.stack([np.log(sizes), np.ones(count)], axis=1)
        want = np.linalg.lstsq(design, np.log(times), rcond=None)[0][0]
        assert_close(solution.exponent(sizes.tolist(), times.tolist()), want, rtol=1e-6, name="exponent")


def line(sizes, times, size):
    """The time at `size`, on straight lines between the measurements on logarithmic axes."""
    return math.exp(np.interp(math.log(size), np.log(sizes), np.log(times)))


def bisected(sizes, cpu, gpu, low, high):
    for _ in range(200):
        middle = math.sqrt(low * high)
        if line(sizes, cpu, middle) < line(sizes, gpu, middle):
            low = middle
        else:
            high = middle
    return high


@test(
    "A crossover between two sizes",
    title={"fr": "Un croisement entre deux tailles"},
    points=2,
    hint={
        "en": "On logarithmic axes both curves are straight between two measurements: interpolate log(cpu / gpu) over "
        "log(size), and go back by exp.",
        "fr": "Sur des axes logarithmiques, les deux courbes sont droites entre deux mesures : interpolez "
        "log(cpu / gpu) en fonction de log(taille), puis revenez par exp.",
    },
)
def between(solution, rng):
    for _ in range(6):
        sizes = np.cumsum(rng.integers(40, 900, size=7)).astype(float)
        start = int(rng.integers(1, 6))
        lead = np.where(np.arange(7) < start, rng.uniform(0.1, 0.9, size=7), rng.uniform(1.2, 60, size=7))
        gpu = rng.uniform(1e-4, 2e-4, size=7) * sizes
        want = bisected(sizes, gpu * lead, gpu, sizes[start - 1], sizes[start])
        got = solution.crossover(sizes.tolist(), (gpu * lead).tolist(), gpu.tolist())
        assert_close(got, want, rtol=1e-6, name="crossover")


@test(
    "Never, always, and back again",
    title={"fr": "Jamais, toujours, et retour en arrière"},
    points=2,
    hint={
        "en": "“From which on never slower”: noise can make the curves cross several times, and the **last** crossing "
        "counts. Always faster: the first size. Slower at the last size: None.",
        "fr": "« À partir de laquelle il n'est plus jamais plus lent » : avec le bruit, les courbes peuvent se croiser "
        "plusieurs fois, et c'est le **dernier** croisement qui compte. Toujours plus rapide : la première taille. "
        "Plus lent à la dernière taille : None.",
    },
)
def again(solution, rng):
    sizes = [100.0, 200.0, 400.0, 800.0, 1600.0]
    gpu = [1.0, 1.0, 1.0, 1.0, 1.0]
    assert_equal(solution.crossover(sizes, [0.1, 0.2, 0.4, 0.8, 0.9], gpu), None, name="crossover, never")
    assert_equal(solution.crossover(sizes, [2.0, 3.0, 4.0, 5.0, 0.9], gpu), None, name="crossover, lost at the end")
    assert_close(solution.crossover(sizes, [2.0, 3.0, 4.0, 5.0, 6.0], gpu), 100.0, name="crossover, always")
    assert_close(solution.crossover(sizes, [1.0, 1.0, 1.0, 1.0, 1.0], gpu), 100.0, name="crossover, always equal")
    assert_close(solution.crossover(sizes, [0.5, 2.0, 0.5, 2.0, 9.0], gpu), 400 * 2**0.5, name="crossover, twice")
    assert_close(
        solution.crossover(sizes, [2.0, 0.25, 2.0, 4.0, 8.0], gpu), 200 * 2 ** (2 / 3), name="crossover, early"
    )
    assert_close(solution.crossover(sizes, [0.5, 0.5, 0.5, 1.0, 8.0], gpu), 800.0, name="crossover, on a size")


@test(
    "How often until it is worth it",
    title={"fr": "Combien de fois pour que cela en vaille la peine"},
    points=1,
    hint={
        "en": "**Less** time, not as much: with equality one product more. A GPU that is not faster never pays.",
        "fr": "**Moins** de temps, pas autant : en cas d'égalité, un produit de plus. Un GPU qui n'est pas plus rapide "
        "ne rapporte jamais.",
    },
)
def worth(solution, rng):
    # Halves and quarters: exact in binary, so that equality is equality.
    for transfer, cpu, gpu in ((1.0, 0.5, 0.25), (0.5, 4.0, 2.0), (0.0, 2.0, 1.0), (8.0, 1.0, 0.75), (0.75, 1.5, 0.5)):
        products = next(k for k in range(1, 100) if transfer + k * gpu < k * cpu)
        assert_equal(solution.worth_it(transfer, cpu, gpu), products, name=f"worth_it({transfer}, {cpu}, {gpu})")
    for cpu, gpu in ((1.0, 1.0), (0.5, 2.0)):
        assert_equal(solution.worth_it(float(rng.integers(1, 9)), cpu, gpu), None, name=f"worth_it(…, {cpu}, {gpu})")
    assert_equal(solution.worth_it(0.0, 1.0, 1.0), None, name="worth_it(0.0, 1.0, 1.0)")
