package awl.token;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import awl.NativeException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The native library behind [HuggingFaceTokenizer]: Hugging Face `tokenizers`, as DJL packs it into its jar.
///
/// Only DJL's JNI table is used. Its Java front would report its use over the network, and its loader would download a
/// CUDA build where it sees a GPU; here the build is always the CPU one of the jar, unpacked to [#cache] once, and
/// nothing is asked of any network. A variable that the user sets for DJL (`ENGINE_CACHE_DIR`, `RUST_LIBRARY_PATH`) is
/// obeyed.
final class TokenizerLibrary {

    private TokenizerLibrary() {}

    private static final class Holder {
        static final TokenizersLibrary LIBRARY = load();

        private static TokenizersLibrary load() {
            System.setProperty("ai.djl.offline", "true");
            System.setProperty("OPT_OUT_TRACKING", "true");
            System.setProperty("RUST_FLAVOR", "cpu");
            setUnlessGiven("ENGINE_CACHE_DIR", cache().toString());
            LibUtils.checkStatus();
            return TokenizersLibrary.LIB;
        }

        private static void setUnlessGiven(String property, String value) {
            if (System.getProperty(property) == null && System.getenv(property) == null) {
                System.setProperty(property, value);
            }
        }
    }

    static TokenizersLibrary get() {
        try {
            return Holder.LIBRARY;
        } catch (LinkageError | RuntimeException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new NativeException(
                    "the tokenizer library cannot be loaded (unpacked to " + cache()
                            + "; set AWL_CACHE to another folder): " + cause,
                    e);
        }
    }

    /// Where native libraries are unpacked: `AWL_CACHE`, else `awl` in the user's cache folder, else a temporary one.
    static Path cache() {
        String named = System.getenv("AWL_CACHE");
        if (named != null && !named.isEmpty()) {
            return Path.of(named);
        }
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path home = Path.of(System.getProperty("user.home", "."));
        if (xdg != null && !xdg.isEmpty()) {
            return Path.of(xdg).resolve("awl");
        }
        if (Files.isWritable(home)) {
            return home.resolve(".cache").resolve("awl");
        }
        return Path.of(System.getProperty("java.io.tmpdir"), "awl-" + System.getProperty("user.name", "user"));
    }
}
