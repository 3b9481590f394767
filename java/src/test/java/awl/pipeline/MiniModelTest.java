package awl.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import awl.chat.Conversation;
import awl.chat.ToolMode;
import awl.model.Checkpoint;
import awl.model.TensorSource;
import awl.task.mini.MiniKind;
import awl.task.mini.MiniProblem;
import awl.task.mini.MiniQuestions;
import awl.task.mini.MiniScript;
import awl.token.CallFormat;
import awl.token.CheckpointText;
import awl.token.Rendered;
import awl.token.Renderer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MiniModelTest {

    @TempDir
    Path folder;

    @Test
    void everyScriptedConversationIsLearnedAndReadBackByTheModelsOwnText() {
        MiniModel.write(folder.resolve("m"), folder.resolve("text"), 1);
        try (CheckpointText text = CheckpointText.folder(folder.resolve("m"))) {
            Renderer renderer = text.renderer(true);
            assertThat(renderer.callFormat()).isSameAs(CallFormat.HERMES);
            MiniScript script = new MiniScript(3, MiniKind.ALL);
            for (int i = 0; i < 300; i++) {
                Conversation conversation = script.next(i / 300.0);
                Rendered rendered = renderer.render(conversation);
                String back = renderer.tokenizer().decode(rendered.ids(), false);
                assertThat(back)
                        .isEqualTo(renderer.detail(renderer.request(conversation, false))
                                .text());
                assertThat(back).doesNotContain("<unk>");
                int last = rendered.ids().length - 1;
                assertThat(rendered.weights()[last]).isEqualTo(1f);
            }
        }
    }

    @Test
    void aCallIsWrittenAsTheQuestionWritesItsNumbers() {
        MiniModel.write(folder.resolve("m"), folder.resolve("text"), 1);
        try (CheckpointText text = CheckpointText.folder(folder.resolve("m"))) {
            Renderer renderer = text.renderer(true);
            MiniProblem problem = new MiniQuestions(5).next(List.of(MiniKind.RANGE));
            Conversation asked = MiniScript.ask(problem.question(), ToolMode.FORCED);
            String prompt = renderer.promptText(asked);
            assertThat(prompt)
                    .isEqualTo("<bos><sys>tools: simulate diffuse seir climate. required<eot><user>"
                            + problem.question() + "<eot><asst>");
            Conversation called = asked.with(awl.chat.Message.assistant("", List.of(MiniScript.call(problem))));
            String whole = renderer.detail(renderer.request(called, false)).text();
            assertThat(whole)
                    .isEqualTo(
                            prompt + "<tool_call>{\"name\": \"simulate\", \"arguments\": {\"kind\": \"range\", \"v\": "
                                    + problem.arguments().get("v") + ", \"angle\": "
                                    + problem.arguments().get("angle") + "}}</tool_call><eot>");
            assertThat(renderer.turn(whole.substring(prompt.length())).calls())
                    .singleElement()
                    .isEqualTo(MiniScript.call(problem));
        }
    }

    @Test
    void theSameSeedGivesTheSameModelAndAnotherAnother() throws java.io.IOException {
        for (String name : List.of("a", "b", "c")) {
            MiniModel.write(folder.resolve(name), folder.resolve("text"), name.equals("c") ? 2 : 1);
        }
        byte[] a = java.nio.file.Files.readAllBytes(folder.resolve("a/model.safetensors"));
        assertThat(a).isEqualTo(java.nio.file.Files.readAllBytes(folder.resolve("b/model.safetensors")));
        assertThat(a).isNotEqualTo(java.nio.file.Files.readAllBytes(folder.resolve("c/model.safetensors")));
        try (TensorSource source = Checkpoint.open(folder.resolve("a"))) {
            assertThat(source.config().maxPositions()).isEqualTo(256);
            assertThat(source.config().tied()).isTrue();
        }
    }
}
