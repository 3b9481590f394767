package awl.tensor;

import awl.ConfigException;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.pytorch.global.torch;

/// Which device computes, and why. [#choose] is a pure function of what was asked for and what was found; its result
/// prints itself (`awl doctor`, run folders). A named device is obeyed or fails; nothing is silent.
///
/// @param reason why this one
public record DeviceChoice(DeviceHandle device, String reason) {

    /// What there is of CUDA.
    ///
    /// @param natives whether libtorch's CUDA build is on the class path
    /// @param driver whether NVIDIA's driver is loaded
    /// @param devices that libtorch sees
    public record Facts(boolean natives, boolean driver, int devices) {

        /// What is missing, with what to do about it; empty where a device can be used.
        String missing() {
            if (!natives) {
                return driver
                        ? "an NVIDIA driver is there, but this is the CPU build of libtorch: build with ./mvnw -Pcuda"
                        : "there is no NVIDIA driver, and this is the CPU build of libtorch";
            }
            if (!driver) {
                return "libtorch's CUDA build is there, but no NVIDIA driver (/proc/driver/nvidia/version): install it";
            }
            return devices > 0
                    ? ""
                    : "libtorch's CUDA build and a driver are there, but libtorch sees no device:"
                            + " see CUDA_VISIBLE_DEVICES and whether the driver is new enough for CUDA 13";
        }
    }

    /// @param asked `auto`, `cpu`, `cuda` or `cuda:N`
    public static DeviceChoice choose(String asked, Facts facts) {
        String missing = facts.missing();
        if (asked.equals("auto")) {
            return missing.isEmpty()
                    ? new DeviceChoice(DeviceHandle.cuda(0), "auto: %d CUDA device(s)".formatted(facts.devices))
                    : new DeviceChoice(DeviceHandle.CPU, "auto: " + missing);
        }
        DeviceHandle device = DeviceHandle.parse(asked);
        if (device.isCuda() && !missing.isEmpty()) {
            throw new ConfigException(
                    "device: %s was asked for, but %s; or ask for auto or cpu".formatted(asked, missing));
        }
        if (device.isCuda() && device.index() >= facts.devices) {
            throw new ConfigException("device: %s was asked for, but there are %d: cuda:0 to cuda:%d"
                    .formatted(asked, facts.devices, facts.devices - 1));
        }
        return new DeviceChoice(device, "asked for");
    }

    /// Chooses for this process; loads libtorch where a device may be there.
    public static DeviceChoice here(String asked) {
        return asked.equals("cpu") ? choose(asked, new Facts(false, false, 0)) : choose(asked, facts());
    }

    /// What this machine has.
    public static Facts facts() {
        boolean natives = natives();
        boolean driver = Files.exists(Path.of("/proc/driver/nvidia/version"));
        int devices = 0;
        if (natives) {
            LibTorch.await();
            devices = torch.cuda_is_available() ? torch.cuda_device_count() : 0;
        }
        return new Facts(natives, driver || devices > 0, devices);
    }

    private static boolean natives() {
        for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator, -1)) {
            Path name = Path.of(entry).getFileName();
            if (name != null && name.toString().matches("pytorch-.*-gpu\\.jar")) {
                return true;
            }
        }
        return DeviceChoice.class.getResource("/org/bytedeco/pytorch/linux-x86_64-gpu/libtorch_cuda.so") != null;
    }

    @Override
    public String toString() {
        return device + " (" + reason + ")";
    }
}
