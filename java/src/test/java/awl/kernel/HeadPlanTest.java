package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import awl.kernel.HeadPlan.Operands;
import awl.kernel.HeadPlan.Order;
import org.junit.jupiter.api.Test;

class HeadPlanTest {

    private static final long MIB = 1L << 20;

    @Test
    void oneChunkWhileTheLogitsAreSmall() {
        assertThat(HeadPlan.choose(1280, 6000, 576, 4, Operands.AS_STORED, true, 256 * MIB))
                .isEqualTo(new HeadPlan(Order.ROWS, 1280, 6000));
    }

    @Test
    void halvesWhereTheyAreNot() {
        assertThat(HeadPlan.choose(1280, 49_152, 576, 4, Operands.AS_STORED, true, 256 * MIB))
                .isEqualTo(new HeadPlan(Order.ROWS, 640, 49_152));
        assertThat(HeadPlan.choose(200, 49_152, 576, 4, Operands.AS_STORED, true, 256 * MIB))
                .as("a half would have fewer than 128 rows")
                .isEqualTo(new HeadPlan(Order.ROWS, 200, 49_152));
        assertThat(HeadPlan.choose(400, 49_152, 576, 4, Operands.NARROW, true, 256 * MIB))
                .as("a half would have fewer than 256 rows")
                .isEqualTo(new HeadPlan(Order.ROWS, 400, 49_152));
    }

    @Test
    void equalRowChunksWhereTheyDoNot() {
        // 1,365 rows fit; 5,000 make four pieces of 1,250.
        assertThat(HeadPlan.choose(5000, 49_152, 576, 4, Operands.AS_STORED, true, 256 * MIB))
                .isEqualTo(new HeadPlan(Order.ROWS, 1250, 49_152));
    }

    @Test
    void vocabularyChunksForBudgetsOfFewRows() {
        HeadPlan plan = HeadPlan.choose(4096, 151_936, 896, 4, Operands.AS_STORED, true, 32 * MIB);
        assertThat(plan.order()).isEqualTo(Order.VOCABULARY);
        assertThat(plan.rows()).isEqualTo(4096);
        assertThat(plan.bytes(151_936, 896, 4, false)).isLessThanOrEqualTo(32 * MIB);
        assertThat(HeadPlan.choose(4096, 151_936, 896, 4, Operands.AS_STORED, false, 32 * MIB)
                        .order())
                .as("a frozen head bears shorter chunks of rows")
                .isEqualTo(Order.ROWS);
    }

    @Test
    void convertedHeadsAreConvertedInTilesThatCount() {
        HeadPlan plan = HeadPlan.choose(2000, 128_256, 4096, 4, Operands.WIDENED, true, 512 * MIB);
        assertThat(plan.order()).isEqualTo(Order.ROWS);
        assertThat(plan.classes()).isEqualTo(8192);
        assertThat(plan.bytes(128_256, 4096, 4, true)).isLessThanOrEqualTo(512 * MIB);
    }

    @Test
    void noBudgetIsTooSmallAndNoShapeTooOdd() {
        for (long active : new long[] {0, 1, 3, 1000}) {
            for (long vocabulary : new long[] {1, 2, 255, 257, 50_257}) {
                for (boolean converts : new boolean[] {false, true}) {
                    for (long budget : new long[] {1, 1000, MIB, 1L << 40}) {
                        HeadPlan plan = HeadPlan.choose(
                                active,
                                vocabulary,
                                7,
                                4,
                                converts ? Operands.WIDENED : Operands.AS_STORED,
                                true,
                                budget);
                        assertThat(plan.rows()).isBetween(1L, Math.max(1, active));
                        assertThat(plan.classes()).isBetween(1L, vocabulary);
                        if (plan.order() == Order.ROWS) {
                            assertThat(plan.bytes(vocabulary, 7, 4, converts)).isLessThanOrEqualTo(budget);
                        }
                    }
                }
            }
        }
    }

    @Test
    void piecesAreBalanced() {
        assertThat(HeadPlan.balanced(5000, 4608)).isEqualTo(2500);
        assertThat(HeadPlan.balanced(10, 10)).isEqualTo(10);
        assertThat(HeadPlan.balanced(10, 3)).isEqualTo(3);
        assertThat(HeadPlan.balanced(1, 100)).isEqualTo(1);
    }
}
