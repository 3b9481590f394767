package awl.train;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Files past the page cache (`O_DIRECT`): the disk takes the bytes from the program's memory. A checkpoint is read
/// again by the next process at the earliest, and pages of the cache for it cost more processor time than all the rest
/// of writing it, time that training needs.
final class DirectChannel {

    /// What memory, positions and sizes of direct reads and writes are multiples of: disks want 512 or 4096, network
    /// file systems up to this.
    static final int ALIGNMENT = 1 << 20;

    private DirectChannel() {}

    /// @return null where the file system has no such thing
    static @Nullable FileChannel open(Path file, OpenOption how) throws IOException {
        if (ALIGNMENT % Files.getFileStore(file).getBlockSize() != 0) {
            return null;
        }
        try {
            return FileChannel.open(file, how, ExtendedOpenOption.DIRECT);
        } catch (IOException | UnsupportedOperationException e) {
            return null; // what is wrong with the file itself is said by whoever opens it plainly
        }
    }
}
