package awl.kernel;

/// How many rows of logits a chunk has on a GPU: a product's result is cut into tiles of 128 by 256, a tile to a
/// multiprocessor, and a last wave that is nearly empty costs as much as a full one. A pure function of the shape.
///
/// Counted for `dH = G W`, `ceil(C / 128) ceil(D / 256)` tiles, the smallest of the head's three products.
final class HeadWaves {

    private static final long TILE_ROWS = 128;
    private static final long TILE_COLUMNS = 256;

    /// Up to so many rows one chunk is as good as several.
    private static final long ONE_CHUNK = 4608;

    private HeadWaves() {}

    /// Rows of a chunk, the last one may have fewer: as few chunks as the memory allows, of nearly one size, with the
    /// fewest waves.
    ///
    /// @param fit most rows that fit into memory
    /// @param processors multiprocessors of the device
    static long rows(long active, long width, long fit, int processors) {
        long most = Math.min(fit, ONE_CHUNK);
        if (active <= most || most < TILE_ROWS) {
            return Math.max(1, Math.min(active, most));
        }
        most -= most % TILE_ROWS;
        long pieces = Math.ceilDiv(active, most);
        long best = Math.min(most, tiled(Math.ceilDiv(active, pieces)));
        long fewest = total(active, width, best, processors);
        for (long rows = best + TILE_ROWS; rows <= most; rows += TILE_ROWS) {
            long last = active - (pieces - 1) * rows;
            if (2 * last < rows) {
                break;
            }
            long waves = total(active, width, rows, processors);
            if (waves < fewest) {
                fewest = waves;
                best = rows;
            }
        }
        return best;
    }

    /// Waves of all chunks together.
    static long total(long active, long width, long rows, int processors) {
        long whole = active / rows;
        long last = active % rows;
        return whole * waves(rows, width, processors) + (last > 0 ? waves(last, width, processors) : 0);
    }

    private static long waves(long rows, long width, int processors) {
        return Math.ceilDiv(Math.ceilDiv(rows, TILE_ROWS) * Math.ceilDiv(width, TILE_COLUMNS), processors);
    }

    private static long tiled(long rows) {
        return Math.ceilDiv(rows, TILE_ROWS) * TILE_ROWS;
    }
}
