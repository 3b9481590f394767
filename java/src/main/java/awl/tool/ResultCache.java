package awl.tool;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/// Results by tool and canonical arguments; the least recently used go first. Time-outs and faults are not kept: the
/// next call may fare better.
public final class ResultCache {

    private final Map<String, ToolResult> kept;
    private final LongAdder asked = new LongAdder();
    private final LongAdder found = new LongAdder();

    ResultCache(int size) {
        kept = new LinkedHashMap<>(64, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, ToolResult> eldest) {
                return size() > size;
            }
        };
    }

    ToolResult get(String key, Supplier<ToolResult> otherwise) {
        asked.increment();
        synchronized (kept) {
            ToolResult known = kept.get(key);
            if (known != null) {
                found.increment();
                return known;
            }
        }
        ToolResult result = otherwise.get();
        boolean lasting = switch (result) {
            case ToolResult.Answered answered -> true;
            case ToolResult.Failed failed -> failed.cause() == ToolResult.Cause.ARGUMENTS;
        };
        if (lasting) {
            synchronized (kept) {
                kept.put(key, result);
            }
        }
        return result;
    }

    /// Calls that were looked up.
    public long asked() {
        return asked.sum();
    }

    /// Those that were found.
    public long found() {
        return found.sum();
    }
}
