# expect: 5/10
# Forgets that the marks are in milliseconds.
from statistics import median

WARM_UP = 3


def time_product(gpu, n, repeats):
    """Seconds of one upload, of one product (median of `repeats`) and of one download: a tuple of three."""
    started = gpu("clock")
    gpu("upload", n)
    upload = gpu("clock") - started
    for _ in range(WARM_UP):
        gpu("product")
    events = [gpu("event")]
    for _ in range(repeats):
        gpu("product")
        events.append(gpu("event"))
    gpu("synchronise")
    product = median(gpu("elapsed", *pair) for pair in zip(events[:-1], events[1:], strict=True))
    started = gpu("clock")
    gpu("download")
    return upload, product, gpu("clock") - started


def tflops(n, seconds):
    """10¹² additions and multiplications a second, for one n × n product in `seconds`."""
    return n * n * (2 * n - 1) / seconds / 1e12


def transfer_share(upload, product, download, products):
    """The part of the whole time, 0 to 1, that is spent on the two transfers around `products` products."""
    transfers = upload + download
    return transfers / (transfers + products * product)
