package awl.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import org.junit.jupiter.api.Test;

final class CachePlanTest {

    @Test
    void memoryLimitsTheSlotsAndNotTheirLength() {
        assertThat(CachePlan.of(100, 1_000_000, 16, 50)).isEqualTo(new CachePlan(16, 50));
        assertThat(CachePlan.of(100, 1_000_000, 16, 5_000)).isEqualTo(new CachePlan(2, 5_000));
        assertThatThrownBy(() -> CachePlan.of(1 << 20, 100L << 20, 1, 101))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("101 tokens needs 101 MiB")
                .hasMessageContaining("only 100 MiB");
    }
}
