# Warnings as errors for our own sources, and code generation every target shares.
add_library(awl_options INTERFACE)
target_compile_features(awl_options INTERFACE cxx_std_17)
target_include_directories(awl_options INTERFACE ${AWL_NATIVE}/include ${AWL_NATIVE}/common)
target_compile_options(awl_options INTERFACE
    # Vectors wider than the baseline are only passed between functions that are inlined into each other.
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Werror -Wno-psabi -Wno-unknown-pragmas -fno-exceptions -fno-rtti -fvisibility=hidden -ffp-contract=fast>)

option(AWL_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
if(AWL_SANITIZE)
    target_compile_options(awl_options INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(awl_options INTERFACE -fsanitize=address,undefined)
endif()
