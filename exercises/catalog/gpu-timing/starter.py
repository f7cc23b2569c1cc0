WARM_UP = 3


def time_product(gpu, n, repeats):
    """Seconds of one upload, of one product (median of `repeats`) and of one download: a tuple of three."""
    ...


def tflops(n, seconds):
    """10¹² additions and multiplications a second, for one n × n product in `seconds`."""
    ...


def transfer_share(upload, product, download, products):
    """The part of the whole time, 0 to 1, that is spent on the two transfers around `products` products."""
    ...
