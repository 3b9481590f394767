package awl.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LibTorchTest {

    @TempDir
    Path folder;

    @Test
    void onlyFilesAsTheyWereNotedAreLoadedDirectly() throws IOException {
        List<String> lines = new ArrayList<>();
        for (String name : LibTorch.FILES) {
            Path file = folder.resolve(name);
            Files.writeString(file, name);
            lines.add(LibTorch.describe(file));
        }
        Path notes = folder.resolve("notes");
        assertThat(LibTorch.read(notes)).isEmpty();
        Files.write(notes, lines);
        assertThat(LibTorch.read(notes)).hasSize(LibTorch.FILES.size());
        Files.writeString(folder.resolve("libc10.so"), "another size");
        assertThat(LibTorch.read(notes)).isEmpty();
        Files.write(notes, lines.subList(0, 3));
        assertThat(LibTorch.read(notes)).isEmpty();
        Files.writeString(notes, "garbage\n");
        assertThat(LibTorch.read(notes)).isEmpty();
    }

    /// Run in processes of their own, as this one has loaded libtorch in some way already.
    static final class Start {
        public static void main(String[] args) {
            LibTorch.begin();
            LibTorch.await();
            System.out.println(torch.ones(3).sum().item_float());
        }
    }

    @Test
    void computesInANewProcessTheFirstAndTheSecondTime() throws IOException, InterruptedException {
        for (int n = 0; n < 2; n++) {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-Xmx256m",
                            "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Start.class.getName())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(said).isZero();
            assertThat(said).contains("3.0");
        }
    }
}
