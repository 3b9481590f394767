"""The contract of our kernels, family by family: each module registers its checks."""
from contract import attention, head, norms, optimizer, products, sampling
from contract.harness import CHECKS

__all__ = ["CHECKS", "attention", "head", "norms", "optimizer", "products", "sampling"]
