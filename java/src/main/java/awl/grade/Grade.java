package awl.grade;

import org.jspecify.annotations.Nullable;

/// What a reply is worth.
///
/// @param found the final answer as it stands in the reply; null where there is none, which counts as wrong
/// @param reason why it is wrong; empty where it is right
public record Grade(boolean correct, @Nullable String found, String reason) {

    public static Grade right(String found) {
        return new Grade(true, found, "");
    }

    public static Grade wrong(@Nullable String found, String reason) {
        return new Grade(false, found, reason);
    }
}
