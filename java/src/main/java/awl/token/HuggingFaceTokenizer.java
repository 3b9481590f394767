package awl.token;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import awl.CheckpointException;
import awl.DataException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// A checkpoint's `tokenizer.json`, run by Hugging Face's own library.
///
/// Truncation and padding that the file may ask for are switched off: a text is always encoded whole. A lone
/// surrogate, which is no character, is read as U+FFFD.
public final class HuggingFaceTokenizer implements Tokenizer {

    private static final TokenizersLibrary NATIVE = TokenizerLibrary.get();
    private static final CharSpan NOWHERE = new CharSpan(0, 0);

    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final TokenizerFile file;
    private long handle;

    private HuggingFaceTokenizer(TokenizerFile file, long handle) {
        this.file = file;
        this.handle = handle;
    }

    /// @param json the whole `tokenizer.json`
    /// @param where what errors call it: its path, or the GGUF file it was made from
    public static HuggingFaceTokenizer of(String json, String where) {
        TokenizerFile file = TokenizerFile.read(json, where);
        long handle;
        try {
            handle = NATIVE.createTokenizerFromString(json);
        } catch (RuntimeException e) {
            throw new CheckpointException(where + ": not a tokenizer this library reads: " + e.getMessage(), e);
        }
        NATIVE.disableTruncation(handle);
        NATIVE.disablePadding(handle);
        return new HuggingFaceTokenizer(file, handle);
    }

    @Override
    public int[] encode(String text, boolean addSpecialTokens) {
        return encoding(text, addSpecialTokens, encoding -> toInts(NATIVE.getTokenIds(encoding)));
    }

    @Override
    public Encoding encodeWithOffsets(String text, boolean addSpecialTokens) {
        Detail detail = detail(text, addSpecialTokens);
        return new Encoding(detail.ids, detail.start, detail.end);
    }

    /// All the library tells about a text.
    ///
    /// @param start UTF-16 offset of the first unit of each token; 0 where the post-processor put it in
    /// @param end UTF-16 offset behind the last unit of each token
    /// @param tokens the tokens as the vocabulary writes them
    /// @param special whether the post-processor put the token in
    public record Detail(int[] ids, int[] start, int[] end, List<String> tokens, boolean[] special) {}

    /// Encodes and keeps everything.
    public Detail detail(String text, boolean addSpecialTokens) {
        return encoding(text, addSpecialTokens, encoding -> {
            int[] ids = toInts(NATIVE.getTokenIds(encoding));
            CharSpan[] spans = NATIVE.getTokenCharSpans(encoding);
            Utf16Offsets offsets = new Utf16Offsets(text);
            int[] start = new int[ids.length];
            int[] end = new int[ids.length];
            boolean[] special = new boolean[ids.length];
            long[] mask = NATIVE.getSpecialTokenMask(encoding);
            for (int t = 0; t < ids.length; t++) {
                CharSpan span = spans[t] == null ? NOWHERE : spans[t];
                start[t] = offsets.of(span.getStart());
                end[t] = offsets.of(span.getEnd());
                special[t] = mask[t] != 0;
            }
            return new Detail(ids, start, end, List.of(NATIVE.getTokens(encoding)), special);
        });
    }

    private <T> T encoding(String text, boolean addSpecialTokens, LongFunction<T> read) {
        lock.readLock().lock();
        try {
            long tokenizer = open();
            long encoding;
            try {
                encoding = NATIVE.encode(tokenizer, wellFormed(text), addSpecialTokens);
            } catch (RuntimeException e) {
                throw new DataException(file.where() + ": cannot encode this text: " + e.getMessage(), e);
            }
            try {
                return read.apply(encoding);
            } finally {
                NATIVE.deleteEncoding(encoding);
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public String decode(int[] ids, boolean skipSpecialTokens) {
        long[] wide = new long[ids.length];
        for (int t = 0; t < ids.length; t++) {
            if (ids[t] < 0) {
                throw new DataException("token ids[%d] is %d; an id is at least 0".formatted(t, ids[t]));
            }
            wide[t] = ids[t];
        }
        lock.readLock().lock();
        try {
            return NATIVE.decode(open(), wide, skipSpecialTokens);
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public int idOf(String token) {
        return file.idOf(token);
    }

    @Override
    public int vocabularySize() {
        return file.vocabularySize();
    }

    /// Added tokens by content: the special ones, and what else is never split.
    public Map<String, AddedToken> addedTokens() {
        return file.addedTokens();
    }

    /// @param special whether decoding may skip it
    public record AddedToken(int id, String content, boolean special) {}

    private long open() {
        if (handle == 0) {
            throw new IllegalStateException(file.where() + ": this tokenizer is closed");
        }
        return handle;
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (handle != 0) {
                NATIVE.deleteTokenizer(handle);
                handle = 0;
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private static int[] toInts(long[] wide) {
        int[] ids = new int[wide.length];
        for (int t = 0; t < ids.length; t++) {
            ids[t] = (int) wide[t];
        }
        return ids;
    }

    /// JNI hands a lone surrogate on as bytes that are no UTF-8, and the offsets behind it would shift.
    private static String wellFormed(String text) {
        StringBuilder mended = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            mended = mended == null ? new StringBuilder(text) : mended;
            mended.setCharAt(i, '\uFFFD');
        }
        return mended == null ? text : mended.toString();
    }

    /// Code points, as the library counts, to UTF-16 units, as Java counts.
    private static final class Utf16Offsets {
        private final int @Nullable [] table;

        Utf16Offsets(String text) {
            int points = text.codePointCount(0, text.length());
            if (points == text.length()) {
                table = null;
                return;
            }
            table = new int[points + 1];
            int unit = 0;
            for (int point = 0; point < points; point++) {
                table[point] = unit;
                unit += Character.charCount(text.codePointAt(unit));
            }
            table[points] = unit;
        }

        int of(int point) {
            return table == null ? point : table[Math.min(point, table.length - 1)];
        }
    }
}
