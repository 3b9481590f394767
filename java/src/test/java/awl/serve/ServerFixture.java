package awl.serve;

import awl.sample.SlotModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// What tests of the server have in common: a scripted model, servers of it and clients of those, closed behind each
/// test.
abstract class ServerFixture {

    static final String CHAT = "/v1/chat/completions";

    @TempDir
    Path folder;

    ScriptedChat chat;
    private final List<AutoCloseable> opened = new ArrayList<>();

    @BeforeEach
    void openChat() throws IOException {
        chat = closed(new ScriptedChat(folder.resolve("m")));
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
    }

    /// Has something closed behind the test, before what was opened earlier.
    final <T extends AutoCloseable> T closed(T one) {
        opened.add(one);
        return one;
    }

    /// A server of the scripted model.
    ///
    /// @param slots asked for whenever the server needs a model anew
    final ModelServer start(Supplier<SlotModel> slots, ServerOptions options) {
        return closed(ModelServer.start(chat.served(slots), options));
    }

    /// A client of a server.
    final Calls calls(ModelServer server) {
        return closed(new Calls(server.port()));
    }
}
