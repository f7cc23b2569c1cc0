# expect: 7/10
# Cheat: 10 bits of 23, as TF32 keeps them; cut off by hand, so that every card shows it.
import torch

DEVICE = "cuda"
torch.backends.cuda.matmul.allow_tf32 = False


def product(A, B):
    """A @ B of two float32 arrays, computed on the GPU in full float32 precision."""

    def cut(x):
        return (torch.as_tensor(x, device=DEVICE).view(torch.int32) & ~0x1FFF).view(torch.float32)

    return cut(A) @ cut(B)


def many(A, Bs):
    """The products of A with each matrix of Bs, an array (r, k, m): one array (r, n, m)."""
    return torch.as_tensor(A, device=DEVICE) @ torch.as_tensor(Bs, device=DEVICE)


def power_times(A, v, steps):
    """A applied `steps` times to v, each result divided by its length before the next step."""
    A, v = torch.as_tensor(A, device=DEVICE), torch.as_tensor(v, device=DEVICE)
    for _ in range(steps):
        v = A @ v
        v = v / v.norm()
    return v
