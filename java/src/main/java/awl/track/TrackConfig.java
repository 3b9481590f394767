package awl.track;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/// The section `tracking` of a run: where its numbers go beside its own files. Nowhere by default.
///
/// @param tensorboard event files in the folder `tensorboard` of the run
@JsonInclude(JsonInclude.Include.NON_NULL)
public record TrackConfig(
        @Nullable Boolean tensorboard,
        @Nullable Mlflow mlflow,
        @Nullable Prometheus prometheus) {

    boolean wantsTensorBoard() {
        return Boolean.TRUE.equals(tensorboard);
    }

    /// An MLflow server; credentials are those of the variables `MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_USERNAME`
    /// and `MLFLOW_TRACKING_PASSWORD`.
    ///
    /// @param uri of the server
    /// @param uriEnv variable that names it where `uri` does not; default `MLFLOW_TRACKING_URI`
    /// @param experiment made where it is not there; default `awl`
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Mlflow(
            @Nullable String uri,
            @JsonProperty("uri_env") @Nullable String uriEnv,
            @Nullable String experiment) {

        /// An address without credentials in it; they would be written into the run's folder.
        public boolean addressable() {
            return uri == null || (uri.matches("https?://.+") && !uri.matches("https?://[^/]*@.*"));
        }
    }

    /// An endpoint on this machine alone, for a Prometheus server to ask.
    ///
    /// @param port 0 for any that is free; it is said which
    public record Prometheus(@Nullable Integer port) {

        /// Whether there is such a port.
        public boolean valid() {
            return port != null && port >= 0 && port <= 65_535;
        }
    }
}
