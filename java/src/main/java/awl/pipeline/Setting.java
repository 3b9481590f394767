package awl.pipeline;

import awl.chat.Conversation;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.grade.Grade;
import awl.task.Problem;
import awl.tool.ToolResult;

/// What an episode is about: how a question is put, what calls do, what an answer is worth. Thread-safe.
interface Setting {

    /// The conversation up to the model's first turn.
    Conversation ask(Problem problem, ToolMode mode);

    /// Runs a call, or says what is wrong with it; never an exception.
    ToolResult call(Problem problem, ToolCall call);

    /// @param reply last turn of the model
    Grade grade(Problem problem, String reply);
}
