package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import org.junit.jupiter.api.Test;

final class HeadBudgetTest {

    @Test
    void thePropertyComesBeforeTheVariableBeforeTheDefault() {
        assertThat(HeadBudget.bytes(_ -> "24", _ -> "48")).isEqualTo(24L << 20);
        assertThat(HeadBudget.bytes(_ -> null, _ -> "48")).isEqualTo(48L << 20);
        assertThat(HeadBudget.bytes(_ -> "", _ -> null)).isEqualTo(HeadOptions.DEFAULT_BUDGET_BYTES);
    }

    @Test
    void whatIsNoAmountIsRefused() {
        for (String wrong : new String[] {"0", "-1", "1e3", "all", "2097152"}) {
            assertThatThrownBy(() -> HeadBudget.bytes(_ -> null, _ -> wrong))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageStartingWith(
                            "variable AWL_HEAD_MIB: expected 1 to 1,048,576 mebibytes, found '" + wrong);
        }
    }
}
