package awl.model;

import awl.CheckpointException;
import awl.Json;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// Changes the number format that a `config.json` tells, and not one byte besides.
final class ConfigDtype {

    private ConfigDtype() {}

    /// Sets `dtype` or `torch_dtype`, whichever the file has; where it has neither, the one of its dialect is put in
    /// front.
    ///
    /// @param config text of a `config.json`
    /// @param dtype torch's name, `bfloat16`
    static byte[] set(byte[] config, String dtype, String where) {
        byte[] value = ('"' + dtype + '"').getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        boolean newer = false;
        boolean found = false;
        int kept = 0;
        int open = 0;
        try (JsonParser parser = Json.parser(config)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new CheckpointException(where + ": expected a JSON object");
            }
            open = (int) parser.currentLocation().getByteOffset();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = parser.currentName();
                JsonToken token = parser.nextToken();
                newer |= key.equals("rope_parameters");
                if (token.isScalarValue() && (key.equals("dtype") || key.equals("torch_dtype"))) {
                    int start = (int) parser.currentTokenLocation().getByteOffset();
                    parser.getText();
                    out.write(config, kept, start - kept);
                    out.writeBytes(value);
                    kept = (int) parser.currentLocation().getByteOffset();
                    found = true;
                }
                parser.skipChildren();
            }
        } catch (IOException e) {
            throw new CheckpointException(where + ": not JSON: " + e.getMessage(), e);
        }
        if (!found) {
            String key = newer ? "dtype" : "torch_dtype";
            out.write(config, 0, open);
            out.writeBytes(("\n  \"" + key + "\": \"" + dtype + "\",").getBytes(StandardCharsets.UTF_8));
            kept = open;
        }
        out.write(config, kept, config.length - kept);
        return out.toByteArray();
    }
}
