package awl.sample;

import awl.ConfigException;
import awl.ShapeException;
import awl.token.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// Answers many requests at once on one model (continuous batching, Yu et al., OSDI 2022).
///
/// Every [#step] appends one token to each sequence that is answering and a piece of the prompt to those that
/// are not there yet, in one pass over the weights. A sequence that ends leaves its slot at once and the next
/// waiting one takes it. A prompt that begins like the tokens some slot holds starts from a copy of them; one
/// that begins like a prompt being read right now waits for it.
///
/// [#submit] may be called from any thread and at any time, also from the completion of an earlier answer, so
/// an agent loop adds its next turn while others run. One thread drives [#step]; answers are completed on it.
public final class Generator implements AutoCloseable {

    /// Waiting for another request to read a common beginning costs a pass over the weights, so it has to spare some
    /// tokens to be worth it.
    private static final int WORTH_WAITING = 16;

    /// Prompt tokens read in a step even where the sequences that are answering use up its limit.
    private static final int LEAST_PROMPT_TOKENS = 16;

    private final SlotModel model;
    private final @Nullable Tokenizer tokenizer;
    private final int stepTokens;
    private final SlotTable slots;
    private final Queue<Sequence> arrivals = new ConcurrentLinkedQueue<>();
    private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();
    private final List<Sequence> running = new ArrayList<>();
    private final Sampler.Scratch scratch = new Sampler.Scratch();

    /// @param model closed together with the generator
    /// @param tokenizer for stop strings and the text of answers; null = ids only
    /// @param stepTokens tokens appended in one step over all sequences: bounds the memory of a step, and how long
    ///     running answers wait for a new prompt to be read
    public Generator(SlotModel model, @Nullable Tokenizer tokenizer, int stepTokens) {
        if (stepTokens < 1) {
            throw new ConfigException("tokens in a step: expected at least 1, found " + stepTokens);
        }
        this.model = model;
        this.tokenizer = tokenizer;
        this.stepTokens = stepTokens;
        this.slots = new SlotTable(model);
    }

    /// Queues a request. Cancelling the returned future takes the request out at the next step.
    public CompletableFuture<Completion> submit(Request request) {
        return submit(request, null);
    }

    /// @param listener told of every token as it is chosen; null = nobody
    public CompletableFuture<Completion> submit(Request request, @Nullable TokenListener listener) {
        int[] prompt = request.prompt();
        if (prompt.length == 0 || prompt.length > model.capacity()) {
            throw new ShapeException("prompt: expected 1 to " + model.capacity() + " tokens, found " + prompt.length);
        }
        for (int t = 0; t < prompt.length; t++) {
            if (prompt[t] < 0 || prompt[t] >= model.vocabularySize()) {
                throw new ShapeException("prompt token " + t + ": expected an id from 0 to "
                        + (model.vocabularySize() - 1) + ", found " + prompt[t]);
            }
        }
        if (request.maxNewTokens() < 1) {
            throw new ConfigException("new tokens: expected at least 1, found " + request.maxNewTokens());
        }
        TextStream text = null;
        if (!request.stopStrings().isEmpty()) {
            if (tokenizer == null) {
                throw new ConfigException("stop strings need a tokenizer: give a model folder that has tokenizer.json");
            }
            if (request.stopStrings().contains("")) {
                throw new ConfigException("stop string: expected at least one character, found an empty one");
            }
            text = new TextStream(tokenizer, request.stopStrings());
        }
        // The last token chosen is never appended, so an answer may end one behind the slot's capacity.
        int room = model.capacity() - prompt.length + 1;
        Sequence sequence = new Sequence(request, Math.min(request.maxNewTokens(), room), text, listener);
        arrivals.add(sequence);
        return sequence.answer;
    }

    /// Answers all requests, in their order.
    public List<Completion> complete(List<Request> requests) {
        List<CompletableFuture<Completion>> answers = new ArrayList<>(requests.size());
        for (Request request : requests) {
            answers.add(submit(request));
        }
        while (step()) {
            // each step moves every running sequence on
        }
        return answers.stream().map(CompletableFuture::join).toList();
    }

    /// Moves every running sequence on by one token, or by one piece of its prompt.
    ///
    /// @return whether there is anything left to do
    public boolean step() {
        dropCancelled();
        arrive();
        admit();
        if (!running.isEmpty()) {
            try {
                advance();
            } catch (RuntimeException | Error e) {
                for (Sequence sequence : List.copyOf(running)) {
                    leave(sequence);
                    sequence.answer.completeExceptionally(e);
                }
                throw e;
            }
        }
        return !running.isEmpty() || !waiting.isEmpty() || !arrivals.isEmpty();
    }

    /// Sequences that hold a slot now. On the thread that drives this, as [#waiting].
    public int running() {
        return running.size();
    }

    /// Sequences that wait for a slot.
    public int waiting() {
        return waiting.size() + arrivals.size();
    }

    private void dropCancelled() {
        waiting.removeIf(sequence -> sequence.answer.isDone());
        for (Sequence sequence : List.copyOf(running)) {
            if (sequence.answer.isDone()) {
                leave(sequence);
            }
        }
    }

    /// The next turn of a conversation comes before what waits: its slot is free and still holds the turns before.
    private void arrive() {
        List<Sequence> returning = new ArrayList<>();
        for (Sequence next = arrivals.poll(); next != null; next = arrivals.poll()) {
            if (slots.continues(next.request.prompt())) {
                returning.add(next);
            } else {
                waiting.add(next);
            }
        }
        returning.reversed().forEach(waiting::addFirst);
    }

    private void admit() {
        Iterator<Sequence> queue = waiting.iterator();
        while (queue.hasNext() && slots.anyFree()) {
            Sequence sequence = queue.next();
            int[] prompt = sequence.request.prompt();
            int limit = prompt.length - 1; // the last token has to be computed: its logits are wanted
            SlotTable.Match prefix = slots.longestPrefix(prompt, limit);
            if (soonShared(prompt, limit) >= prefix.length() + WORTH_WAITING) {
                continue;
            }
            sequence.reusedTokens = slots.assign(sequence, prefix);
            running.add(sequence);
            queue.remove();
        }
    }

    /// The longest beginning a prompt has in common with a prompt that is being read.
    private int soonShared(int[] prompt, int limit) {
        int longest = 0;
        for (Sequence other : running) {
            int[] reading = other.request.prompt();
            if (slots.length(other.slot) < reading.length) {
                longest = Math.max(longest, SlotTable.common(reading, reading.length, prompt, limit));
            }
        }
        return longest;
    }

    private void advance() {
        List<SlotModel.Piece> pieces = new ArrayList<>(running.size());
        List<Sequence> moved = new ArrayList<>(running.size());
        int answering = 0;
        for (Sequence sequence : running) {
            answering += sequence.newTokens() > 0 ? 1 : 0;
        }
        int promptTokens = Math.max(stepTokens - answering, LEAST_PROMPT_TOKENS);
        for (Sequence sequence : running) {
            int from = slots.length(sequence.slot);
            int count = sequence.length() - from;
            if (sequence.newTokens() == 0) {
                count = Math.min(count, promptTokens);
                promptTokens -= count;
            }
            if (count > 0) {
                pieces.add(new SlotModel.Piece(sequence.slot, sequence.tokens(from, from + count)));
                moved.add(sequence);
            }
        }
        try (Logits logits = model.append(pieces)) {
            for (int row = 0; row < moved.size(); row++) {
                slots.append(moved.get(row).slot, pieces.get(row).tokens());
            }
            Map<Integer, Choice> chosen = logits.choose(draws(moved));
            for (int row = 0; row < moved.size(); row++) {
                Sequence sequence = moved.get(row);
                if (isDue(sequence)) {
                    Choice choice = chosen.get(row);
                    if (choice == null) {
                        choice = sequence.sampler.next(logits, row, scratch);
                    } else {
                        sequence.sampler.chose(choice);
                    }
                    tell(sequence.listener, choice, logits, row);
                    FinishReason finish = sequence.add(choice);
                    if (finish != null) {
                        leave(sequence);
                        sequence.answer.complete(completion(sequence, finish));
                    }
                }
            }
        }
    }

    /// Whether the model has read all of a sequence, so that its next token is wanted.
    private boolean isDue(Sequence sequence) {
        return slots.length(sequence.slot) == sequence.length();
    }

    /// What may be chosen where the logits lie. Who wants alternatives gets the row copied, and everything
    /// from there.
    private Map<Integer, Draw> draws(List<Sequence> moved) {
        Map<Integer, Draw> draws = new HashMap<>();
        for (int row = 0; row < moved.size(); row++) {
            Sequence sequence = moved.get(row);
            boolean alternatives = sequence.listener != null && sequence.listener.alternatives() > 0;
            Draw draw = isDue(sequence) && !alternatives ? sequence.sampler.draw() : null;
            if (draw != null) {
                draws.put(row, draw);
            }
        }
        return draws;
    }

    private void tell(@Nullable TokenListener listener, Choice choice, Logits logits, int row) {
        if (listener != null) {
            int wanted = listener.alternatives();
            listener.token(
                    choice.id(),
                    choice.logProb(),
                    wanted == 0
                            ? List.of()
                            : Alternatives.of(logits, row, wanted, scratch.row(logits.vocabularySize())));
        }
    }

    private void leave(Sequence sequence) {
        running.remove(sequence);
        slots.release(sequence.slot);
    }

    private Completion completion(Sequence sequence, FinishReason finish) {
        int[] ids = sequence.newIds();
        String text = null;
        if (tokenizer != null) {
            boolean stopToken = sequence.request.stopIds().contains(ids[ids.length - 1]);
            int[] said = stopToken ? Arrays.copyOf(ids, ids.length - 1) : ids;
            text = TextStream.cut(tokenizer.decode(said, true), sequence.request.stopStrings());
        }
        return new Completion(ids, sequence.logProbs(), finish, text, sequence.reusedTokens);
    }

    /// Closes the model's slots; requests not answered yet are cancelled.
    @Override
    public void close() {
        for (Sequence sequence : arrivals) {
            sequence.answer.cancel(false);
        }
        for (Sequence sequence : waiting) {
            sequence.answer.cancel(false);
        }
        for (Sequence sequence : running) {
            sequence.answer.cancel(false);
        }
        model.close();
    }
}
