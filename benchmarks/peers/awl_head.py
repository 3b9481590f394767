"""The masked log-likelihood as the engine computes it, for machines without Java: what is measured with it is the algorithm
that is shipped.

Mirrors Java's awl.kernel.LinearCrossEntropy and HeadProducts (compaction of active rows, chunks of rows or of the
vocabulary, logits kept between scores and gradients, the dtype of every product, where a gradient is rounded and scattered)
with HeadPlan, HeadWaves and HeadBudget (`awl_head_plan.py`).
Products are awl_matrix_product where the library has it, with the workspace of NativeMatrixProduct, else torch's; what lies
between them is softmax_xent_*. Not mirrored: Java's checks of shapes, float64, and its choice on a CPU whether bfloat16
products are the faster ones, which it measures once a machine; here they are taken where the library's are bfloat16's own
(avx512bf16).

A chunk of rows: Z = H W^T; log-probabilities and, in place, G = w (softmax - onehot); dH = G W; dW += G^T H in float32 with
beta = 1. Three products over active rows, two with a frozen head, one for scores. Chunks of the vocabulary: statistics
first, then Z once more for the gradient.
"""
from typing import NamedTuple

import awl_head_plan
import awl_library
from awl_head_plan import AS_STORED, NARROW, Plan, ROWS, WIDENED

CONVERTED_COLUMNS = 4096  # of a bfloat16 gradient, multiplied at a time for dW where logits are bfloat16 as well
LINE_BYTES = 64
# What an earlier pass has left for a backward pass over rows: log-probabilities and log-sum-exps; and the logits.
NOTHING, STATISTICS, LOGITS_TOO = range(3)


class Score(NamedTuple):
    log_prob: object  # [A] float32
    log_sum_exp: object  # [A] float64
    logits: list = ()  # where they were kept for one backward pass, which takes them out


def linear_cross_entropy(library, hidden, weight, target, row_weight, active, weight_gradient=None, **options):
    """Score of the active rows, and dH [N, D]. weight_gradient [V, D] float32 is added to, unless None.

    target, row_weight: of all N rows; active: ascending int64 indices of rows with a weight. options: soft_cap; bias [V] and
    bias_gradient [V] float32, which is added to; logits_dtype, float32 (default), or bfloat16 for a bfloat16 model on CUDA;
    plan, or chunk: rows of a chunk; budget: bytes of the logits; keeps_logits: whether `score` leaves them, if they fit the
    budget, for the `backward_with_weights` that follows.
    """
    import torch

    head = Head(library, hidden, weight, target, row_weight, active, **options)
    score, gradient = head.empty_score(), torch.zeros_like(hidden)
    if head.active:
        rows = head.gradient_buffer(gradient)
        cut = head.plan(weight_gradient is not None)
        if cut.order == ROWS:
            head.by_rows(cut, score, rows, weight_gradient)
        else:
            head.statistics(cut, score)
            head.gradients(cut, score, rows, weight_gradient)
        head.scatter(rows, gradient)
    return score, gradient


def score(library, hidden, weight, target, active, **options):
    """Log-probabilities of the active rows alone."""
    head = Head(library, hidden, weight, target, None, active, **options)
    result = head.empty_score()
    if head.active:
        whole = head.keeping_plan()
        cut = whole or head.plan(False)
        if cut.order == ROWS:
            head.by_rows(cut, result, None, None)
        else:
            head.statistics(cut, result)
        if whole:
            result = result._replace(logits=[head.memory])
    return result


def backward_with_weights(library, hidden, weight, target, row_weight, active, scored, weight_gradient=None, **options):
    """dH for weights that are known only after the scores (preferences)."""
    import torch

    head = Head(library, hidden, weight, target, row_weight, active, **options)
    gradient = torch.zeros_like(hidden)
    if head.active:
        rows = head.gradient_buffer(gradient)
        whole = head.keeping_plan() if scored.logits else None
        cut = whole or head.plan(weight_gradient is not None)
        if whole:
            head.memory = scored.logits.pop()
        if cut.order == ROWS:
            head.by_rows(cut, scored, rows, weight_gradient, LOGITS_TOO if whole else STATISTICS)
        else:
            head.gradients(cut, scored, rows, weight_gradient)
        head.scatter(rows, gradient)
    return gradient


class Head:
    """The compacted inputs and the three products on them."""

    def __init__(self, library, hidden, weight, target, row_weight, active, soft_cap=0.0, bias=None, bias_gradient=None,
                 logits_dtype=None, plan=None, chunk=None, budget=None, keeps_logits=False):
        import torch

        self.torch, self.library, self.weight = torch, library, weight
        self.soft_cap, self.bias, self.bias_gradient = float(soft_cap), bias, bias_gradient
        self.storage, self.type = hidden.dtype, logits_dtype or torch.float32
        self.on_cuda = hidden.is_cuda
        halves = self.on_cuda or (library.instruction_set() == "avx512bf16" and "matrix_product" in library.kernels)
        self.operands = self.storage if self.storage == torch.bfloat16 and halves else self.type
        self.compacted, self.rows = active.numel() < hidden.size(0), active
        self.hidden = (hidden[active] if self.compacted else hidden).to(self.operands)
        self.target = target[active] if self.compacted else target
        self.row_weight = row_weight[active] if self.compacted and row_weight is not None else row_weight
        self.active, (self.vocabulary, self.width) = self.hidden.size(0), weight.shape
        self.budget = budget or awl_head_plan.budget(self.on_cuda)
        self.keeps_logits = keeps_logits
        self.fixed = Plan(ROWS, min(chunk, max(1, self.active)), self.vocabulary) if chunk else plan
        self.memory = None

    def plan(self, trainable):
        if self.fixed:
            return self.fixed
        how = WIDENED if self.operands != self.storage else AS_STORED if self.operands == self.type else NARROW
        processors = None
        if self.on_cuda:
            processors = self.torch.cuda.get_device_properties(self.hidden.device).multi_processor_count
        return awl_head_plan.plan(self.active, self.vocabulary, self.width, self.type.itemsize, how, trainable, self.budget,
                                  processors)

    def keeping_plan(self):
        """All active rows at once, where logits are to be kept, fit and stay as they are (a soft-cap is applied in place)."""
        if not self.keeps_logits or self.soft_cap:
            return None
        cut = self.plan(True)
        size = self.type.itemsize
        held = self.active * self.vocabulary * size
        held += cut.classes * self.width * size if self.operands != self.storage else 0
        return Plan(ROWS, self.active, cut.classes) if cut.order == ROWS and held <= self.budget else None

    def by_rows(self, cut, result, gradient, weight_gradient, known=NOTHING):
        pieces = range(0, self.vocabulary, cut.classes)
        for begin in range(0, self.active, cut.rows):
            here = slice(begin, min(begin + cut.rows, self.active))
            hidden, target = self.hidden[here], self.target[here]
            logits = self.matrix(len(target), self.vocabulary)
            for first in pieces if known != LOGITS_TOO else ():
                self.logits(logits[:, first:first + cut.classes], hidden, first)
            log_prob, log_sum_exp = result.log_prob[here], result.log_sum_exp[here]
            if gradient is None:
                self.library.softmax_xent_rows(logits, target, None, None, log_prob, log_sum_exp, self.soft_cap)
                continue
            row_weight, narrow = self.row_weight[here], self.narrow(logits)
            if known == NOTHING:
                self.library.softmax_xent_rows(logits, target, row_weight, narrow, log_prob, log_sum_exp, self.soft_cap)
            else:
                self.library.softmax_xent_gradient(logits, target, row_weight, narrow, log_prob, log_sum_exp, 0,
                                                   self.soft_cap)
            below = logits if narrow is None else narrow
            for first in pieces:
                part = below[:, first:first + cut.classes]
                self.hidden_gradient(part, first, gradient[here], first == 0)
                self.head_gradient(part, hidden, first, weight_gradient)

    def statistics(self, cut, result):
        """The first pass over chunks of the vocabulary."""
        double = dict(dtype=self.torch.float64, device=self.hidden.device)
        maximum = self.torch.full((self.active,), -3.4028234663852886e38, **double)
        total, at = self.torch.zeros(self.active, **double), self.torch.zeros(self.active, **double)
        for first in range(0, self.vocabulary, cut.classes):
            logits = self.matrix(self.active, min(cut.classes, self.vocabulary - first))
            self.logits(logits, self.hidden, first)
            self.library.softmax_xent_partial(logits, self.target, maximum, total, at, first, self.soft_cap)
        total.log_()
        # Through the differences: the log-sum-exp itself has lost the digits of a nearly certain prediction.
        result.log_prob.copy_(at.sub_(maximum).sub_(total))
        result.log_sum_exp.copy_(maximum.add_(total))

    def gradients(self, cut, result, gradient, weight_gradient):
        """The second."""
        for first in range(0, self.vocabulary, cut.classes):
            logits = self.matrix(self.active, min(cut.classes, self.vocabulary - first))
            self.logits(logits, self.hidden, first)
            narrow = self.narrow(logits)
            self.library.softmax_xent_gradient(logits, self.target, self.row_weight, narrow, result.log_prob,
                                               result.log_sum_exp, first, self.soft_cap)
            below = logits if narrow is None else narrow
            self.hidden_gradient(below, first, gradient, first == 0)
            self.head_gradient(below, self.hidden, first, weight_gradient)

    def logits(self, out, hidden, first):
        self.multiply(hidden, self.weight[first:first + out.size(1)].t(), out, add=False)
        if self.bias is not None:
            out.add_(self.bias[first:first + out.size(1)])

    def hidden_gradient(self, gradient, first, out, overwrite):
        self.multiply(gradient, self.weight[first:first + gradient.size(1)], out, add=not overwrite)

    def head_gradient(self, gradient, hidden, first, into):
        classes, sums = gradient.size(1), self.torch.float32
        if self.bias_gradient is not None:
            self.bias_gradient[first:first + classes].add_(gradient.sum(0, dtype=sums))
        if into is None:
            return
        step = classes if self.type == sums or self.operands != self.type else min(classes, CONVERTED_COLUMNS)
        for at in range(0, classes, step):
            columns = min(step, classes - at)
            self.multiply(gradient[:, at:at + columns].t(), hidden, into[first + at:first + at + columns], add=True)

    def matrix(self, rows, columns):
        """Logits, in the same memory each time; on a CPU rows begin an odd number of cache lines apart."""
        size = self.type.itemsize
        row = columns if self.on_cuda else (-(-columns * size // LINE_BYTES) | 1) * LINE_BYTES // size
        if self.memory is None or self.memory.numel() < rows * row:
            self.memory = None
            self.memory = self.torch.empty(rows * row, dtype=self.type, device=self.hidden.device)
        return self.memory[:rows * row].view(rows, row)[:, :columns]

    def narrow(self, logits):
        """Where a gradient goes, rounded, if products take it narrower: each row at the beginning of the logits'."""
        return None if self.operands == self.type else logits.view(self.operands)[:, :logits.size(1)]

    def empty_score(self):
        empty, device = self.torch.empty, self.hidden.device
        return Score(empty(self.active, device=device), empty(self.active, dtype=self.torch.float64, device=device))

    def gradient_buffer(self, gradient):
        if self.compacted or self.storage != self.torch.float32:
            return self.torch.empty(self.active, self.width, device=self.hidden.device)
        return gradient

    def scatter(self, rows, gradient):
        if self.compacted:
            gradient.index_copy_(0, self.rows, rows.to(self.storage))
        elif rows is not gradient:
            gradient.copy_(rows)

    def multiply(self, a, b, out, add):
        multiply(self.library, a, b, out, add)


def multiply(library, a, b, out, add):
    """out = a b, or out += a b: Kernels.matrixProduct."""
    import torch

    narrow = torch.bfloat16 in (a.dtype, b.dtype, out.dtype)
    if "matrix_product" in library.kernels:
        if out.is_cuda:
            to = torch.bfloat16 if narrow else out.dtype
            a, b = a.to(to), b.to(to)
        library.matrix_product(a, b, out, awl_library.product_space(library, out), 1.0, int(add))
    elif not out.is_cuda:
        a, b = a.to(out.dtype), b.to(out.dtype)
        out.addmm_(a, b) if add else torch.mm(a, b, out=out)
    else:
        to = torch.bfloat16 if narrow else out.dtype
        a, b, told = a.to(to), b.to(to), {} if to == out.dtype else {"out_dtype": out.dtype}
        torch.addmm(out, a, b, out=out, **told) if add else torch.mm(a, b, out=out, **told)
