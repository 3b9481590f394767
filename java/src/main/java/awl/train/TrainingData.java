package awl.train;

import awl.data.BatchStream;
import awl.data.Example;
import awl.data.ExampleFile;
import awl.data.LengthLimit;
import awl.data.MixedRows;
import awl.data.Mixture;
import awl.data.Packer;
import awl.data.PairRows;
import awl.data.PlainRows;
import awl.data.PreferenceFile;
import awl.data.PreferencePair;
import awl.data.RowOrder;
import awl.data.RowRenderer;
import awl.data.Share;
import awl.data.StepRows;
import awl.data.Weighting;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The rows of a run, read and checked, with what they count and how they are packed.
///
/// @param train rows to train on
/// @param validation rows to measure on, or null
/// @param packer from documents to micro-batches
/// @param notes what the user should know
record TrainingData(StepRows train, @Nullable StepRows validation, Packer packer, List<String> notes) {

    /// @param vocabulary ids must be below it
    /// @param maxPositions longest row the model was made for
    /// @param renderer asked only when a row has text
    static TrainingData read(TrainConfig config, int vocabulary, int maxPositions, Supplier<RowRenderer> renderer) {
        List<String> notes = new ArrayList<>();
        boolean pairs = config.objective().type().preference();
        Reader reader = pairs
                ? pairs(config, new PreferenceFile(vocabulary, renderer), notes)
                : rows(config, new ExampleFile(vocabulary, renderer), notes);
        StepRows train = reader.read(config.data().train());
        String file = config.data().validation();
        StepRows validation = file == null ? null : reader.read(file);
        int longest = Math.max(longest(train), validation == null ? 1 : longest(validation));
        if (longest > maxPositions) {
            notes.add("the longest row has %d tokens, the model was made for %d; set data.max_length to keep to that"
                    .formatted(longest, maxPositions));
        }
        Integer given = config.data().maxLength();
        int maxLength = given == null ? longest : given;
        if (pairs) {
            // A pair shares a micro-batch whole, also one whose branches are several documents.
            maxLength =
                    Math.max(Math.multiplyExact(2, maxLength), Math.max(longestPair(train), longestPair(validation)));
        }
        Integer micro = config.train().microBatchSize();
        boolean packing = config.data().packing();
        int atOnce = micro == null ? (packing ? 1 : config.train().batchSize()) : micro;
        Packer packer = new Packer(packing, Math.multiplyExact(maxLength, packing ? atOnce : 1), atOnce);
        return new TrainingData(train, validation, packer, List.copyOf(notes));
    }

    private interface Reader {
        StepRows read(String file);
    }

    private static Reader rows(TrainConfig config, ExampleFile reader, List<String> notes) {
        RowOrder order = order(config);
        return file -> {
            ExampleFile.Rows rows = reader.read(Path.of(file));
            notes.addAll(rows.notes());
            List<Example> examples = limited(rows.examples(), config, notes);
            if (config.objective().type() == ObjectiveConfig.Type.MIXED) {
                Mixture mixture = config.objective().mixture(config.data().reduction());
                MixedRows mixed = new MixedRows(examples, mixture, order, file);
                notes.addAll(mixed.notes());
                return mixed;
            }
            long named = examples.stream().filter(e -> e.origin() != null).count();
            if (named > 0) {
                notes.add(
                        "%s: origin of %d rows is not used; it belongs to objective.type mixed".formatted(file, named));
            }
            return new PlainRows(examples, new Weighting(config.data().reduction()), order);
        };
    }

    private static Reader pairs(TrainConfig config, PreferenceFile reader, List<String> notes) {
        return file -> {
            PreferenceFile.Pairs pairs = reader.read(Path.of(file));
            notes.addAll(pairs.notes());
            List<Example> chosen =
                    limited(pairs.pairs().stream().map(PreferencePair::chosen).toList(), config, notes);
            List<Example> rejected =
                    limited(pairs.pairs().stream().map(PreferencePair::rejected).toList(), config, notes);
            List<PreferencePair> limited = new ArrayList<>();
            for (int p = 0; p < chosen.size(); p++) {
                PreferencePair pair = pairs.pairs().get(p);
                limited.add(new PreferencePair(
                        pair.id(), chosen.get(p), rejected.get(p), pair.weight(), pair.reference(), pair.where()));
            }
            return new PairRows(limited, order(config));
        };
    }

    private static List<Example> limited(List<Example> rows, TrainConfig config, List<String> notes) {
        Integer limit = config.data().maxLength();
        return limit == null ? rows : LengthLimit.apply(rows, limit, notes);
    }

    private static RowOrder order(TrainConfig config) {
        return new RowOrder(config.data().shuffle(), config.train().seed());
    }

    private static int longestPair(@Nullable StepRows rows) {
        return rows instanceof PairRows pairs ? pairs.longest() : 0;
    }

    private static int longest(StepRows rows) {
        return rows.examples().stream().mapToInt(Example::longest).max().orElse(1);
    }

    BatchStream stream(TrainConfig config, Share share) {
        return new BatchStream(train, packer, config.train().batchSize(), share);
    }

    /// Of all ids and weights of the training rows, in order, their origins, and what pairs count.
    String fingerprint() {
        return fingerprint(train);
    }

    static String fingerprint(StepRows rows) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Example example : rows.examples()) {
                digest.update(example.bytes());
                if (rows instanceof MixedRows && example.origin() != null) {
                    digest.update((byte) example.origin().ordinal());
                }
            }
            if (rows instanceof PairRows pairs) {
                for (PreferencePair pair : pairs.pairs()) {
                    PreferencePair.LogProbs given = pair.reference();
                    digest.update(ByteBuffer.allocate(24)
                            .putDouble(pair.weight())
                            .putDouble(given == null ? 0 : given.chosen())
                            .putDouble(given == null ? 0 : given.rejected())
                            .flip());
                }
            }
            return "sha256:" + HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
