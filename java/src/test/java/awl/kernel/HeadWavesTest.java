package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeadWavesTest {

    private static final int H200 = 132;

    @ParameterizedTest
    @CsvSource({
        // active, width, rows that fit, chunk
        "1, 4096, 10000, 1",
        "4608, 4096, 10000, 4608",
        "5000, 4096, 10000, 3072",
        "8192, 4096, 10000, 4096",
        "16384, 4096, 10000, 4096",
        "16384, 4096, 2100, 2048",
        "8192, 3584, 10000, 4608",
        "8192, 2304, 3800, 3200",
        "1000, 4096, 100, 100",
        "0, 4096, 10000, 1"
    })
    void chunksAreFewBalancedAndFillTheirWaves(long active, long width, long fit, long chunk) {
        assertThat(HeadWaves.rows(active, width, fit, H200)).isEqualTo(chunk);
    }

    @Test
    void noOtherBalancedCutHasFewerWaves() {
        for (long width : new long[] {896, 2304, 3584, 4096, 5120}) {
            for (long active = 4700; active < 40_000; active += 1237) {
                long rows = HeadWaves.rows(active, width, 4608, H200);
                assertThat(rows % 128).isZero();
                assertThat(rows).isBetween(128L, 4608L);
                long pieces = Math.ceilDiv(active, 4608L);
                assertThat(Math.ceilDiv(active, rows)).isEqualTo(pieces);
                for (long other = 128; other <= 4608; other += 128) {
                    long last = active - (pieces - 1) * other;
                    if (last > 0 && last <= other && 2 * last >= other) {
                        assertThat(HeadWaves.total(active, width, rows, H200))
                                .isLessThanOrEqualTo(HeadWaves.total(active, width, other, H200));
                    }
                }
            }
        }
    }
}
