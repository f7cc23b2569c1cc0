import torch

DEVICE = "cuda"
torch.backends.cuda.matmul.allow_tf32 = False


def product(A, B):
    """A @ B of two float32 arrays, computed on the GPU in full float32 precision."""
    return torch.as_tensor(A, device=DEVICE) @ torch.as_tensor(B, device=DEVICE)


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
