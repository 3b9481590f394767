package awl;

import org.jspecify.annotations.Nullable;

/// A line of input data is wrong. The message starts with `file:line:` when they are known.
public non-sealed class DataException extends AwlException {

    private static final long serialVersionUID = 1L;

    public DataException(String message) {
        this(message, null);
    }

    public DataException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /// Error at one line of a file.
    ///
    /// @param file name as the user gave it
    /// @param line counted from 1
    public static DataException at(String file, long line, String message) {
        return new DataException(file + ":" + line + ": " + message);
    }

    @Override
    public int exitCode() {
        return 2;
    }
}
