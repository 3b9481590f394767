package awl.remote;

import awl.DataException;
import awl.remote.Endpoints.Endpoint;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What endpoints say they serve (`/v1/models`). A name they do not have is an error at some; SGLang and
/// llama.cpp's server answer for any with the model that they have.
final class ServedModels {

    /// So long a list is waited for.
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private final HttpPolicy policy;
    private final List<Endpoint> endpoints;

    ServedModels(HttpPolicy policy, List<Endpoint> endpoints) {
        this.policy = policy;
        this.endpoints = endpoints;
    }

    /// Tells where an endpoint lists models and this one is not among them. What lists nothing, or is not up yet, is
    /// passed over.
    void tellIfUnlisted(String model) {
        for (Endpoint each : endpoints) {
            List<String> listed = listed(each);
            if (!listed.isEmpty() && !listed.contains(model)) {
                policy.once("%s lists '%s' and not '%s', which policy.model names: it may answer with another model"
                        .formatted(each, policy.hidden(String.join("', '", listed)), model));
            }
        }
    }

    private List<String> listed(Endpoint endpoint) {
        try {
            HttpResponse<byte[]> response = policy.get(endpoint, "/v1/models", LIMIT);
            return response.statusCode() == 200
                    ? names(HttpPolicy.json(response).get("data"))
                    : List.of();
        } catch (IOException | DataException e) {
            return List.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    private static List<String> names(@Nullable Object data) {
        List<String> names = new ArrayList<>();
        if (data instanceof List<?> models) {
            for (Object each : models) {
                if (each instanceof Map<?, ?> model && model.get("id") instanceof String id) {
                    names.add(id);
                }
            }
        }
        return names;
    }
}
