package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// The launcher's rehearsal: every command it runs must succeed, or the cache holds the wrong classes.
final class RehearseCommandTest {

    @Test
    void everyCommandOfTheRehearsalSucceeds() {
        assertThat(Main.execute("rehearse")).isZero();
    }
}
