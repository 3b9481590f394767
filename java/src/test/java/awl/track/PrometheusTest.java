package awl.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class PrometheusTest {

    @Test
    void textIsEscapedAndGroupedByFamily() {
        String text = new PrometheusText()
                .gauge("a", "a \\ and\na line", Map.of("run", "x\\y \"z\"\n"), 0.25)
                .counter("b_total", "count", Map.of(), 12)
                .gauge("a", "a \\ and\na line", Map.of(), Double.NaN)
                .gauge("c", "ends", Map.of(), Double.NEGATIVE_INFINITY)
                .toString();
        assertThat(text).isEqualTo("""
                # HELP a a \\\\ and\\na line
                # TYPE a gauge
                a{run="x\\\\y \\"z\\"\\n"} 0.25
                a NaN
                # HELP b_total count
                # TYPE b_total counter
                b_total 12
                # HELP c ends
                # TYPE c gauge
                c -Inf
                """);
    }

    @Test
    void aHistogramCountsWhatIsBelowEachBound() {
        String text = new PrometheusText()
                .histogram("t_seconds", "time", Map.of(), new double[] {0.1, 1}, new long[] {3, 2, 1}, 4.5)
                .toString();
        assertThat(text).isEqualTo("""
                # HELP t_seconds time
                # TYPE t_seconds histogram
                t_seconds_bucket{le="0.1"} 3
                t_seconds_bucket{le="1"} 5
                t_seconds_bucket{le="+Inf"} 6
                t_seconds_sum 4.5
                t_seconds_count 6
                """);
    }

    @Test
    void theEndpointHasTheLastNumbersWhileARunGoesOn() throws Exception {
        List<String> notes = new ArrayList<>();
        PrometheusTracker tracker = new PrometheusTracker(0, "run-1", notes::add);
        tracker.begin(4);
        tracker.record(5, Map.of("train/loss", 2.5, "train/tokens", 100.0, "train/J_hard", 0.5));
        tracker.record(6, Map.of("train/loss", 2.0, "train/tokens", 50.0));
        tracker.record(6, Map.of("validation/loss", 3.0));
        String address = notes.getFirst().replaceFirst("metrics at ", "");
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> metrics = get(client, address);
            assertThat(metrics.headers().firstValue("Content-Type")).contains(PrometheusText.CONTENT_TYPE);
            assertThat(metrics.body())
                    .contains(
                            "awl_train_steps_total{run=\"run-1\"} 6\n",
                            "awl_train_tokens_total{run=\"run-1\"} 150\n",
                            "awl_train_loss{run=\"run-1\"} 2\n",
                            "awl_validation_loss{run=\"run-1\"} 3\n",
                            "awl_objective_part{run=\"run-1\",part=\"train/J_hard\"} 0.5\n");
            assertThat(get(client, address + "x").statusCode()).isEqualTo(404);
            tracker.end(Tracker.End.FINISHED);
            assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> get(client, address)))
                    .isInstanceOf(IOException.class);
        }
    }

    private static HttpResponse<String> get(HttpClient client, String address)
            throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofString());
    }
}
