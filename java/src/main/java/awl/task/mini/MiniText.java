package awl.task.mini;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The text side of the mini model: a tokenizer of words with their leading blank, single digits and single marks, and
/// a
/// chat template. The punctuation of a call is merged into whole tokens, so that a call takes 13 to 32 of them.
public final class MiniText {

    /// Ends every turn.
    public static final String END = "<eot>";

    private static final List<String> SPECIAL = List.of("<unk>", "<bos>", "<sys>", "<user>", "<asst>", "<tool>", END);

    /// Never split, but part of what the model writes.
    private static final List<String> MERGED = List.of(
            "<tool_call>",
            "</tool_call>",
            "{\"name\": \"",
            "\", \"arguments\": {\"",
            "\": \"",
            "\", \"",
            "\": ",
            ", \"",
            "}}");

    private static final String SPLIT = "[0-9]| ?[A-Za-z][A-Za-z/]*|[^A-Za-z0-9]";

    /// Conversations as this model reads them; understood by any engine that renders Hugging Face templates.
    public static final String TEMPLATE = """
            {% macro listed() %}{% if tools %}tools:{% for tool in tools %} {{ tool.function.name }}{% endfor %}. \
            {% endif %}{% endmacro %}\
            <bos>{% if messages[0].role != 'system' %}<sys>{{ listed() }}\
            {{ 'optional' if tools else 'no tools' }}<eot>{% endif %}\
            {% for message in messages %}\
            {% if message.role == 'system' %}<sys>{{ listed() }}{{ message.content }}<eot>\
            {% elif message.role == 'user' %}<user>{{ message.content }}<eot>\
            {% elif message.role == 'tool' %}<tool> {{ message.content }}<eot>\
            {% else %}<asst>{% generation %}{{ message.content }}{% for call in message.tool_calls or [] %}\
            <tool_call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}\
            </tool_call>{% endfor %}<eot>{% endgeneration %}{% endif %}{% endfor %}\
            {% if add_generation_prompt %}<asst>{% endif %}""";

    private MiniText() {}

    /// Every token, in the order of the ids.
    public static List<String> vocabulary() {
        Set<String> tokens = new LinkedHashSet<>(SPECIAL);
        tokens.addAll(MERGED);
        for (char digit = '0'; digit <= '9'; digit++) {
            tokens.add(String.valueOf(digit));
        }
        for (String piece : List.of(
                "no tools", "tools:. optional required", "optional", "required", "answer yes no A B error - .")) {
            add(piece, tokens);
        }
        MiniTools.SPECS.forEach(spec -> tokens.add(" " + spec.name()));
        MiniQuestions questions = new MiniQuestions(0);
        for (int round = 0; round < 400; round++) {
            for (MiniKind kind : MiniKind.ALL) {
                MiniProblem problem = questions.next(List.of(kind));
                add(problem.question(), tokens);
                tokens.add(kind.tool());
                problem.arguments().keySet().forEach(tokens::add);
                tokens.add(String.valueOf(problem.arguments().get("kind")));
            }
        }
        return List.copyOf(tokens);
    }

    private static void add(String text, Set<String> tokens) {
        Matcher matcher = Pattern.compile(SPLIT).matcher(text);
        while (matcher.find()) {
            tokens.add(matcher.group());
        }
    }

    /// The content of `tokenizer.json`.
    public static Map<String, Object> tokenizer() {
        List<String> vocabulary = vocabulary();
        Map<String, Object> ids = new LinkedHashMap<>();
        for (int id = 0; id < vocabulary.size(); id++) {
            ids.put(vocabulary.get(id), id);
        }
        List<Object> added = new ArrayList<>();
        for (int id = 0; id < SPECIAL.size() + MERGED.size(); id++) {
            Map<String, Object> token = new LinkedHashMap<>();
            token.put("id", id);
            token.put("content", vocabulary.get(id));
            token.put("single_word", false);
            token.put("lstrip", false);
            token.put("rstrip", false);
            token.put("normalized", false);
            token.put("special", id < SPECIAL.size());
            added.add(token);
        }
        Map<String, Object> split = new LinkedHashMap<>();
        split.put("type", "Split");
        split.put("pattern", Map.of("Regex", SPLIT));
        split.put("behavior", "Isolated");
        split.put("invert", false);
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "WordLevel");
        model.put("vocab", ids);
        model.put("unk_token", SPECIAL.getFirst());
        Map<String, Object> file = new LinkedHashMap<>();
        file.put("version", "1.0");
        file.put("added_tokens", added);
        file.put("pre_tokenizer", split);
        file.put("decoder", Map.of("type", "Fuse"));
        file.put("model", model);
        return file;
    }

    /// The content of `tokenizer_config.json`.
    public static Map<String, Object> tokenizerConfig() {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        config.put("bos_token", "<bos>");
        config.put("eos_token", END);
        config.put("unk_token", SPECIAL.getFirst());
        config.put("pad_token", END);
        config.put("clean_up_tokenization_spaces", false);
        return config;
    }

    /// The content of `config.json`: a Llama of 0.8 million parameters.
    public static Map<String, Object> modelConfig() {
        List<String> vocabulary = vocabulary();
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of("LlamaForCausalLM"));
        config.put("model_type", "llama");
        config.put("vocab_size", vocabulary.size());
        config.put("hidden_size", 128);
        config.put("intermediate_size", 352);
        config.put("num_hidden_layers", 4);
        config.put("num_attention_heads", 4);
        config.put("num_key_value_heads", 4);
        config.put("head_dim", 32);
        config.put("hidden_act", "silu");
        config.put("max_position_embeddings", 256);
        config.put("rms_norm_eps", 1e-5);
        config.put("rope_theta", 10000.0);
        config.put("tie_word_embeddings", true);
        config.put("attention_bias", false);
        config.put("mlp_bias", false);
        config.put("bos_token_id", vocabulary.indexOf("<bos>"));
        config.put("eos_token_id", vocabulary.indexOf(END));
        config.put("dtype", "float32");
        config.put("torch_dtype", "float32");
        return config;
    }
}
