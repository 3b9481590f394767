package awl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.DataException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PackerTest {

    private static List<Datum> documents(SplitMix random, int count, int longest) {
        List<Datum> documents = new ArrayList<>();
        for (int d = 0; d < count; d++) {
            int length = random.below(longest + 1);
            int[] ids = new int[length];
            for (int t = 0; t < length; t++) {
                ids[t] = random.below(100);
            }
            documents.add(new Datum("d" + d, ids, ids, new float[length]));
        }
        return documents;
    }

    @Test
    void everyDocumentOnceWholeAndWithinTheLimit() {
        for (int seed = 0; seed < 300; seed++) {
            SplitMix random = new SplitMix(seed);
            int capacity = 1 + random.below(64);
            List<Datum> documents = documents(random, random.below(40), capacity);

            List<Batch> packed = new Packer(true, capacity, 1).pack(documents);

            List<String> seen = new ArrayList<>();
            for (Batch batch : packed) {
                assertThat(batch.length()).isBetween(1, capacity);
                for (int d = 0; d < batch.documents(); d++) {
                    String id = batch.documentIds().get(d);
                    seen.add(id);
                    Datum datum = documents.get(Integer.parseInt(id.substring(1)));
                    assertThat(java.util.Arrays.copyOfRange(
                                    batch.tokens(), batch.documentStart()[d], batch.documentStart()[d + 1]))
                            .isEqualTo(datum.inputs());
                }
            }
            assertThat(seen)
                    .containsExactlyInAnyOrderElementsOf(documents.stream()
                            .filter(d -> d.length() > 0)
                            .map(Datum::id)
                            .toList());
            // Of any two micro-batches, one alone could not hold both: else best fit would have joined them.
            for (int a = 0; a < packed.size(); a++) {
                for (int b = a + 1; b < packed.size(); b++) {
                    assertThat(packed.get(a).length() + packed.get(b).length()).isGreaterThan(capacity);
                }
            }
            assertThat(new Packer(true, capacity, 1).pack(documents))
                    .extracting(Batch::documentIds)
                    .isEqualTo(packed.stream().map(Batch::documentIds).toList());
        }
    }

    @Test
    void withoutPackingDocumentsAreTakenInOrder() {
        List<Datum> documents = documents(new SplitMix(1), 7, 9);
        documents.removeIf(d -> d.length() == 0);
        List<Batch> batches = new Packer(false, 1, 2).pack(documents);
        assertThat(batches.stream().flatMap(b -> b.documentIds().stream()))
                .containsExactlyElementsOf(documents.stream().map(Datum::id).toList());
        assertThat(batches.subList(0, batches.size() - 1)).allMatch(b -> b.documents() == 2);
    }

    @Test
    void aDocumentThatFitsNowhereIsNamed() {
        assertThatThrownBy(() ->
                        new Packer(true, 3, 1).pack(List.of(new Datum("long", new int[4], new int[4], new float[4]))))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("document long has 4 tokens");
    }
}
