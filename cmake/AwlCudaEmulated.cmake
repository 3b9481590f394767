# The CUDA kernels as plain C++ on native/tests/emulation, for machines without a device. For tests only: slow, and it is
# no use to an engine. What its tests show and what they can not show stands in tests/emulation/cuda_runtime.h.

add_library(awl_cuda_emulated SHARED ${AWL_COMMON} tests/emulation/emulation.cpp tests/emulation/gemm.cpp)
target_compile_definitions(awl_cuda_emulated PRIVATE AWL_BACKEND_CUDA)
target_include_directories(awl_cuda_emulated BEFORE PRIVATE ${AWL_NATIVE}/tests/emulation)
target_link_libraries(awl_cuda_emulated PRIVATE awl_options)
set_target_properties(awl_cuda_emulated PROPERTIES POSITION_INDEPENDENT_CODE ON)

function(awl_emulated_source source)
    set_source_files_properties(${AWL_NATIVE}/${source} PROPERTIES LANGUAGE CXX)
    target_sources(awl_cuda_emulated PRIVATE ${AWL_NATIVE}/${source})
endfunction()

# A test program that moves its buffers to the emulated device.
function(awl_emulated_program program)
    target_compile_definitions(${program} PRIVATE AWL_TEST_CUDA)
    target_include_directories(${program} BEFORE PRIVATE ${AWL_NATIVE}/tests/emulation)
endfunction()

awl_emulated_source(cuda/device.cu)

# That the emulation itself finds what it should.
function(awl_emulation_test)
    add_executable(emulation_test ${AWL_NATIVE}/tests/emulation/emulation_test.cpp ${AWL_NATIVE}/tests/emulation/emulation.cpp
        ${AWL_NATIVE}/common/status.cpp)
    target_link_libraries(emulation_test PRIVATE awl_options)
    target_include_directories(emulation_test BEFORE PRIVATE ${AWL_NATIVE}/tests/emulation ${AWL_NATIVE}/cuda)
    target_compile_options(emulation_test PRIVATE -fexceptions -frtti)
    add_test(NAME emulation COMMAND emulation_test)
    # What an nvcc would be asked to compile for.
    add_test(NAME cuda_architectures COMMAND ${CMAKE_COMMAND} -P ${AWL_NATIVE}/tests/cuda_architectures_test.cmake)
endfunction()
