package awl.parallel;

import awl.ConfigException;
import awl.tensor.DeviceChoice;
import awl.tensor.DeviceHandle;

/// What carries tensors from rank to rank, and why: c10d's Gloo between processes that compute in host
/// memory, its NCCL between CUDA devices. [#choose] is a pure function of what was asked for and where the
/// rank computes; its result prints itself (messages, run folders). A named one is obeyed or fails.
///
/// @param place where this rank computes; what is exchanged lies there
/// @param reason why this one
public record Exchange(Kind kind, DeviceChoice place, String reason) {

    public enum Kind {
        /// One process, or ranks that are threads of it.
        NONE,
        GLOO,
        NCCL;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /// Nothing crosses a process.
    public static final Exchange NONE =
            new Exchange(Kind.NONE, new DeviceChoice(DeviceHandle.CPU, "ranks of one process"), "one process");

    /// @param asked `auto`, `gloo` or `nccl`
    /// @param place from [#place]
    public static Exchange choose(String asked, DeviceChoice place) {
        boolean cuda = place.device().isCuda();
        switch (asked) {
            case "auto" -> {
                return new Exchange(cuda ? Kind.NCCL : Kind.GLOO, place, "auto: ranks compute on " + where(place));
            }
            case "gloo" -> {
                if (cuda) {
                    throw new ConfigException(
                            "train.backend: gloo was asked for, which carries host memory alone, but the ranks compute on %s; ask for auto or nccl, or for model.device: cpu"
                                    .formatted(place));
                }
            }
            case "nccl" -> {
                if (!cuda) {
                    throw new ConfigException(
                            "train.backend: nccl was asked for, which carries CUDA memory alone, but the ranks compute on %s; ask for auto or gloo, or for model.device: cuda"
                                    .formatted(place));
                }
            }
            default ->
                throw new ConfigException("train.backend: expected auto, gloo or nccl, found '%s'".formatted(asked));
        }
        return new Exchange(Kind.valueOf(asked.toUpperCase(java.util.Locale.ROOT)), place, "asked for");
    }

    /// Which device one of many ranks computes on: each its own, by its number on its machine; where it
    /// sees one alone, as Slurm may have arranged, that one.
    ///
    /// @param asked `auto`, `cpu` or `cuda`
    public static DeviceChoice place(String asked, Launch launch, DeviceChoice.Facts facts) {
        DeviceChoice any = DeviceChoice.choose(asked, facts);
        if (any.device().isCpu()) {
            return any;
        }
        if (asked.startsWith("cuda:")) {
            throw new ConfigException(
                    "model.device: %s names one device, but there are %d ranks and each takes its own (LOCAL_RANK); ask for cuda, auto or cpu"
                            .formatted(asked, launch.size()));
        }
        int index = facts.devices() == 1 ? 0 : launch.localRank();
        if (index >= facts.devices()) {
            throw new ConfigException(
                    "model.device: local rank %d finds %d CUDA devices on its machine; start one rank a device at most, or ask for model.device: cpu"
                            .formatted(launch.localRank(), facts.devices()));
        }
        return new DeviceChoice(
                DeviceHandle.cuda(index),
                "%s: local rank %d of %d CUDA device(s)"
                        .formatted(asked.equals("auto") ? "auto" : "asked for", launch.localRank(), facts.devices()));
    }

    private static String where(DeviceChoice place) {
        return place.device().isCuda() ? "CUDA devices" : "the CPU";
    }

    @Override
    public String toString() {
        return kind + " (" + reason + ")";
    }
}
