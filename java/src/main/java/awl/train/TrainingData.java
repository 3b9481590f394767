package awl.train;

import awl.data.BatchStream;
import awl.data.Example;
import awl.data.ExampleFile;
import awl.data.LengthLimit;
import awl.data.Packer;
import awl.data.RowRenderer;
import awl.data.Weighting;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;

/// The rows of a run, read and checked, with how they are weighted and packed.
///
/// @param train rows to train on
/// @param validation rows to measure on, maybe none
/// @param weighting from rows to token weights
/// @param packer from documents to micro-batches
/// @param notes what the user should know
record TrainingData(
        List<Example> train, List<Example> validation, Weighting weighting, Packer packer, List<String> notes) {

    /// @param vocabulary ids must be below it
    /// @param maxPositions longest row the model was made for
    /// @param renderer asked only when a row has text
    static TrainingData read(TrainConfig config, int vocabulary, int maxPositions, Supplier<RowRenderer> renderer) {
        List<String> notes = new ArrayList<>();
        ExampleFile reader = new ExampleFile(vocabulary, renderer);
        List<Example> train = rows(reader, config.data().train(), config, notes);
        String validation = config.data().validation();
        List<Example> held = validation == null ? List.of() : rows(reader, validation, config, notes);
        int longest = Math.max(longest(train), longest(held));
        if (longest > maxPositions) {
            notes.add("the longest row has %d tokens, the model was made for %d; set data.max_length to keep to that"
                    .formatted(longest, maxPositions));
        }
        Integer given = config.data().maxLength();
        int maxLength = given == null ? longest : given;
        Integer micro = config.train().microBatchSize();
        boolean packing = config.data().packing();
        int atOnce = micro == null ? (packing ? 1 : config.train().batchSize()) : micro;
        Packer packer = new Packer(packing, Math.multiplyExact(maxLength, packing ? atOnce : 1), atOnce);
        return new TrainingData(train, held, new Weighting(config.data().reduction()), packer, List.copyOf(notes));
    }

    private static List<Example> rows(ExampleFile reader, String file, TrainConfig config, List<String> notes) {
        ExampleFile.Rows rows = reader.read(Path.of(file));
        notes.addAll(rows.notes());
        Integer limit = config.data().maxLength();
        return limit == null ? rows.examples() : LengthLimit.apply(rows.examples(), limit, notes);
    }

    private static int longest(List<Example> rows) {
        return rows.stream().mapToInt(e -> e.ids().length).max().orElse(1);
    }

    BatchStream stream(TrainConfig config) {
        return new BatchStream(
                train,
                weighting,
                packer,
                config.train().batchSize(),
                config.data().shuffle(),
                config.train().seed());
    }

    /// Of all ids and weights of the training rows, in order.
    String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Example example : train) {
                ByteBuffer bytes = ByteBuffer.allocate(12 + 8 * example.ids().length);
                bytes.putInt(example.ids().length).putDouble(example.weight());
                for (int t = 0; t < example.ids().length; t++) {
                    bytes.putInt(example.ids()[t]).putFloat(example.weights()[t]);
                }
                digest.update(bytes.flip());
            }
            return "sha256:" + HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
