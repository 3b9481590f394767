package awl;

import org.jspecify.annotations.Nullable;

/// A configuration file, command-line option or environment variable is wrong.
public non-sealed class ConfigException extends AwlException {

    private static final long serialVersionUID = 1L;

    public ConfigException(String message) {
        this(message, null);
    }

    public ConfigException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    @Override
    public int exitCode() {
        return 2;
    }
}
