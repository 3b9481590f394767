"""How the engine cuts the logits of its loss head: Java's awl.kernel.HeadPlan, HeadWaves and HeadBudget, function by
function. `contract/head.py` holds it to what their tests expect."""
import os
from typing import NamedTuple

ROWS, VOCABULARY = "rows", "vocabulary"
# How products take what is stored: in the logits' dtype; converted to it piece by piece; in bfloat16 beside float32 logits.
AS_STORED, WIDENED, NARROW = "as stored", "widened", "narrow"
FEWEST_ROWS, SMALL_BYTES, HALF_ROWS, NARROW_HALF_ROWS, NARROWEST = 64, 32 << 20, 128, 256, 256
TILE_ROWS, TILE_COLUMNS, ONE_CHUNK = 128, 256, 4608


class Plan(NamedTuple):
    order: str
    rows: int
    classes: int


def up(total, piece):
    return -(-total // piece)


def budget(on_cuda):
    """Bytes that logits may take."""
    named = os.environ.get("AWL_HEAD_MIB", "")
    if not named:
        return 2 << 30 if on_cuda else 256 << 20
    if not (named.isascii() and named.isdigit() and 1 <= int(named) <= 1 << 20):
        raise ValueError(f"variable AWL_HEAD_MIB: expected 1 to 1,048,576 mebibytes, found '{named}'")
    return int(named) << 20


def plan(active, vocabulary, width, logit_bytes, operands, trainable, budget_bytes, processors=None):
    """processors: multiprocessors of a CUDA device; None on a CPU."""
    cut = choose(active, vocabulary, width, logit_bytes, operands, trainable, budget_bytes)
    if processors is None or cut.order != ROWS or cut.rows == active:
        return cut
    fit = budget_bytes // (vocabulary * logit_bytes)
    return Plan(ROWS, waved_rows(active, width, fit, processors), cut.classes)


def choose(active, vocabulary, width, logit_bytes, operands, trainable, budget_bytes):
    """HeadPlan.choose."""
    converts = operands == WIDENED
    half = NARROW_HALF_ROWS if operands == NARROW else HALF_ROWS
    rows, narrowest = max(1, active), min(NARROWEST, vocabulary)
    tile = clamp(budget_bytes // 4 // (width * logit_bytes), narrowest, vocabulary) if converts else vocabulary
    tile_bytes = tile * width * logit_bytes if converts else 0
    fit = max(0, budget_bytes - tile_bytes) // (vocabulary * logit_bytes)
    fewest = FEWEST_ROWS if trainable else FEWEST_ROWS // 4
    if fit >= min(rows, fewest):
        whole = rows * vocabulary * logit_bytes <= SMALL_BYTES or rows < 2 * half
        return Plan(ROWS, balanced(rows, min(fit, rows if whole else up(rows, 2))), tile)
    bytes_of_class = (rows + (width if converts else 0)) * logit_bytes
    classes = clamp(budget_bytes // bytes_of_class, narrowest, vocabulary)
    return Plan(VOCABULARY, rows, balanced(vocabulary, classes))


def clamp(value, least, most):
    return max(least, min(value, most))


def balanced(total, most):
    return up(total, up(total, min(most, total)))


def waved_rows(active, width, fit, processors):
    """HeadWaves.rows."""
    most = min(fit, ONE_CHUNK)
    if active <= most or most < TILE_ROWS:
        return max(1, min(active, most))
    most -= most % TILE_ROWS
    pieces = up(active, most)
    best = min(most, up(up(active, pieces), TILE_ROWS) * TILE_ROWS)
    fewest = total_waves(active, width, best, processors)
    for rows in range(best + TILE_ROWS, most + 1, TILE_ROWS):
        if 2 * (active - (pieces - 1) * rows) < rows:
            break
        waves = total_waves(active, width, rows, processors)
        if waves < fewest:
            fewest, best = waves, rows
    return best


def total_waves(active, width, rows, processors):
    """HeadWaves.total."""
    def waves(count):
        return up(up(count, TILE_ROWS) * up(width, TILE_COLUMNS), processors)

    whole, last = divmod(active, rows)
    return whole * waves(rows) + (waves(last) if last else 0)
