package awl.train;

import awl.data.Batch;
import awl.data.Packer;
import awl.data.PairRows;
import awl.data.PreferencePair;
import awl.loss.DirectPreference;
import awl.loss.PairTable;
import awl.parallel.World;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;

/// Reference log-probabilities of preference pairs: those the rows bring along, the others computed once and kept in
/// the run folder (`reference.train.jsonl`, one line a pair), where a resumed run finds them bit by bit.
///
/// Where there are several ranks, whole micro-batches are dealt to them in turn: what shares a micro-batch, and
/// so every bit, is the same for any number of ranks. The first one writes the file, and alone reads it.
final class ReferenceScores {

    private static final JsonMapper JSON = new JsonMapper();
    private static final long NOTE_EVERY_NANOS = 10_000_000_000L;

    private final Path folder;
    private final World world;
    private final Progress progress;

    ReferenceScores(World world, RunFolder run, Progress progress) {
        this.world = world;
        this.folder = run.path();
        this.progress = progress;
    }

    /// @param split `train` or `validation`
    PairTable of(String split, PairRows rows, Packer packer, ReferenceModel model) {
        int count = rows.size();
        PairTable table = new PairTable(new double[count], new double[count], new double[count]);
        List<Integer> missing = new ArrayList<>();
        for (int p = 0; p < count; p++) {
            PreferencePair pair = rows.pairs().get(p);
            table.weights()[p] = pair.weight();
            PreferencePair.LogProbs given = pair.reference();
            if (given == null) {
                missing.add(p);
            } else {
                table.chosen()[p] = given.chosen();
                table.rejected()[p] = given.rejected();
            }
        }
        RankSums.requireSame(
                world,
                "%s pairs %s, %d without reference_logp"
                        .formatted(split, TrainingData.fingerprint(rows), missing.size()));
        if (!missing.isEmpty()) {
            Path file = folder.resolve("reference." + split + ".jsonl");
            ObjectNode header = JSON.createObjectNode()
                    .put("reference", model.name())
                    .put("rows", TrainingData.fingerprint(rows))
                    .put("pairs", missing.size());
            boolean found = RankSums.of(world, world.first() && read(file, header, missing, table) ? 1 : 0)[0] > 0;
            if (!found) {
                compute(split, rows, missing, packer, model, table);
            }
            share(missing, table);
            if (!found && world.first()) {
                write(file, header, rows, missing, table);
            }
        }
        return table;
    }

    /// To every rank what each of them has: sums of one number and zeros.
    private void share(List<Integer> missing, PairTable table) {
        for (double[] column : List.of(table.chosen(), table.rejected())) {
            double[] all = RankSums.of(
                    world, missing.stream().mapToDouble(p -> column[p]).toArray());
            for (int i = 0; i < all.length; i++) {
                column[missing.get(i)] = all[i];
            }
        }
    }

    private static boolean read(Path file, ObjectNode header, List<Integer> missing, PairTable table) {
        try {
            if (!Files.exists(file)) {
                return false;
            }
            List<String> lines = Files.readAllLines(file);
            if (lines.size() != missing.size() + 1
                    || !JSON.readTree(lines.getFirst()).equals(header)) {
                return false;
            }
            for (int i = 0; i < missing.size(); i++) {
                JsonNode values = JSON.readTree(lines.get(i + 1)).path("reference_logp");
                table.chosen()[missing.get(i)] = values.path(0).doubleValue();
                table.rejected()[missing.get(i)] = values.path(1).doubleValue();
            }
            return true;
        } catch (IOException e) {
            return false; // unreadable: computed again
        }
    }

    private static void write(Path file, ObjectNode header, PairRows rows, List<Integer> missing, PairTable table) {
        StringBuilder text = new StringBuilder(header + "\n");
        for (int p : missing) {
            ObjectNode line =
                    JSON.createObjectNode().put("id", rows.pairs().get(p).id());
            line.putArray("reference_logp").add(table.chosen()[p]).add(table.rejected()[p]);
            text.append(line).append('\n');
        }
        Durable.replace(file, text.toString());
    }

    /// Fills in this rank's part; what the others have is 0.
    private void compute(
            String split, PairRows rows, List<Integer> missing, Packer packer, ReferenceModel model, PairTable table) {
        for (int p : missing) {
            table.chosen()[p] = 0;
            table.rejected()[p] = 0;
        }
        List<Batch> own =
                dealt(packer.packUnits(missing.stream().map(rows::unit).toList()));
        int pairs = own.stream().mapToInt(ReferenceScores::pairs).sum();
        progress.note("reference log-probabilities of %d %s pairs under %s%s"
                .formatted(
                        missing.size(),
                        split,
                        model.name(),
                        world.size() > 1 ? ", %d of them on this rank".formatted(pairs) : ""));
        long last = System.nanoTime();
        int done = 0;
        try (NoGradGuard guard = new NoGradGuard()) {
            Objective scorer = model.scorer();
            for (Batch batch : own) {
                score(batch, scorer, rows, model, table);
                done += pairs(batch);
                if (System.nanoTime() - last > NOTE_EVERY_NANOS) {
                    last = System.nanoTime();
                    progress.note("reference log-probabilities: %d of %d pairs".formatted(done, pairs));
                }
            }
        }
    }

    /// Every so manieth micro-batch.
    private List<Batch> dealt(List<Batch> all) {
        List<Batch> own = new ArrayList<>();
        for (int b = world.rank(); b < all.size(); b += world.size()) {
            own.add(all.get(b));
        }
        return own;
    }

    private static int pairs(Batch batch) {
        return (int) Arrays.stream(batch.documentGroup())
                .map(group -> group / 2)
                .distinct()
                .count();
    }

    private static void score(Batch batch, Objective scorer, PairRows rows, ReferenceModel model, PairTable table) {
        try (TensorScope scope = TensorScope.open()) {
            double[] sums = DirectPreference.sums(batch, Tensors.array(scorer.logProb(batch)));
            for (int d = 0; d < sums.length; d++) {
                int group = batch.documentGroup()[d];
                requireFinite(sums[d], rows.pairs().get(group / 2), model);
                (group % 2 == 0 ? table.chosen() : table.rejected())[group / 2] += sums[d];
            }
        }
    }

    private static void requireFinite(double sum, PreferencePair pair, ReferenceModel model) {
        if (!Double.isFinite(sum)) {
            throw new awl.DivergedException("%s: the reference model %s gives pair %s a log-probability of %s"
                    .formatted(pair.where(), model.name(), pair.id(), sum));
        }
    }
}
