package awl.remote;

import awl.AwlException;
import awl.ConfigException;
import awl.remote.Endpoints.Endpoint;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Adapters that endpoints serve over their model, loaded and forgotten while they run: by vLLM's
/// `/v1/load_lora_adapter`, which `awl serve` has too, or by SGLang's `/load_lora_adapter`.
public final class RemoteAdapters {

    private final HttpPolicy policy;
    private final List<Endpoint> endpoints;

    RemoteAdapters(HttpPolicy policy, List<Endpoint> endpoints) {
        this.policy = policy;
        this.endpoints = endpoints;
    }

    /// Has every endpoint serve an adapter. SGLang has to be asked for `base:name` from then on: it takes the name
    /// alone, as any that it does not know, for that of its base model.
    ///
    /// @param base name under which they serve what the adapter is for
    /// @param name the adapter's from now on; one that is loaded already under it must be the same
    /// @param folder as the servers see it
    public void load(String base, String name, Path folder) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("lora_name", name);
        body.put("lora_path", folder.toString());
        for (Endpoint each : endpoints) {
            HttpResponse<byte[]> response = policy.patiently(each, "/v1/load_lora_adapter", body);
            each.model = null;
            if (response.statusCode() == 404) {
                HttpResponse<byte[]> other = policy.patiently(each, "/load_lora_adapter", body);
                if (other.statusCode() != 404) {
                    response = other;
                    each.model = base + ":" + name;
                }
            }
            String told = policy.told(response);
            boolean there = response.statusCode() == 400 && told.contains("already");
            if (response.statusCode() != 200 && !there) {
                throw new ConfigException(
                        "%s: does not load the adapter %s (status %d: %s); vLLM wants --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, SGLang --enable-lora --max-lora-rank R --lora-target-modules all, awl serve --lora-root"
                                .formatted(each, folder, response.statusCode(), told));
            }
        }
    }

    /// Has every endpoint forget an adapter; one that fails keeps it, and that is told.
    public void unload(String name) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("lora_name", name);
        for (Endpoint each : endpoints) {
            try {
                HttpResponse<byte[]> response = policy.patiently(each, "/v1/unload_lora_adapter", body);
                if (response.statusCode() == 404) {
                    response = policy.patiently(each, "/unload_lora_adapter", body);
                }
                if (response.statusCode() != 200 && response.statusCode() != 404) {
                    policy.once(each + " keeps the adapter " + name + ": " + policy.told(response));
                }
            } catch (AwlException e) {
                policy.once(each + " keeps the adapter " + name + ": " + e.getMessage());
            }
        }
    }
}
