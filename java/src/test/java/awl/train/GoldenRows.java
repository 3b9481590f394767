package awl.train;

import awl.Shared;
import awl.tensor.Safetensors;
import awl.tensor.TensorScope;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The rows the reference curves were trained on, as a data file, and what a run wrote.
final class GoldenRows {

    static final JsonMapper JSON = new JsonMapper();

    private GoldenRows() {}

    static Path model(String family) {
        return Shared.resource("golden/models/" + family);
    }

    /// Writes the padded batch of a family as rows of ids and weights.
    static Path write(String family, Path file) throws IOException {
        try (TensorScope scope = TensorScope.open();
                Safetensors cases = Safetensors.open(model(family).resolve("cases.safetensors"))) {
            return Files.write(
                    file,
                    rows(cases, "weights").stream().map(ObjectNode::toString).toList());
        }
    }

    /// A padded batch (`input_ids`, `lengths`) as rows.
    ///
    /// @param weights name of the tensor of weights
    static List<ObjectNode> rows(Safetensors cases, String weights) {
        List<ObjectNode> rows = new ArrayList<>();
        Tensor ids_BT = cases.read("input_ids", ScalarType.Long);
        Tensor weights_BT = cases.read(weights, ScalarType.Float);
        int[] lengths = ints(cases.read("lengths", ScalarType.Long));
        for (int b = 0; b < lengths.length; b++) {
            ObjectNode row = JSON.createObjectNode().put("id", "row" + b);
            ArrayNode rowIds = row.putArray("ids");
            ArrayNode rowWeights = row.putArray("weights");
            for (int t = 0; t < lengths[b]; t++) {
                rowIds.add(ids_BT.select(0, b).select(0, t).item_long());
                rowWeights.add(weights_BT.select(0, b).select(0, t).item_float());
            }
            rows.add(row);
        }
        return rows;
    }

    static int[] ints(Tensor values) {
        int[] all = new int[(int) values.numel()];
        for (int i = 0; i < all.length; i++) {
            all[i] = (int) values.select(0, i).item_long();
        }
        return all;
    }

    static List<JsonNode> metrics(Path run) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }
}
