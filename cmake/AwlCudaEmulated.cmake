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

# cublas_lt.cu with a libcublasLt.so.13 of ours, in a folder of its own so that nothing else opens it.
function(awl_cublas_lt_test)
    add_library(cublas_lt_stand_in SHARED ${AWL_NATIVE}/tests/emulation/cublas_lt.cpp)
    target_link_libraries(cublas_lt_stand_in PRIVATE awl_options)
    set_target_properties(cublas_lt_stand_in PROPERTIES OUTPUT_NAME cublasLt SOVERSION 13
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/stand-in)
    set_source_files_properties(${AWL_NATIVE}/cuda/cublas_lt.cu PROPERTIES LANGUAGE CXX)
    add_executable(cublas_lt_test ${AWL_NATIVE}/tests/cublas_lt_test.cpp ${AWL_NATIVE}/cuda/cublas_lt.cu
        ${AWL_NATIVE}/common/status.cpp)
    target_include_directories(cublas_lt_test BEFORE PRIVATE ${AWL_NATIVE}/tests/emulation ${AWL_NATIVE}/cuda)
    target_link_libraries(cublas_lt_test PRIVATE cublas_lt_stand_in awl_options ${CMAKE_DL_LIBS})
    foreach(mode untuned= tuned=1 wrong=yes)
        string(REGEX MATCH "^[a-z]+" name ${mode})
        string(REGEX REPLACE "^[a-z]+=" "" value ${mode})
        add_test(NAME cublas_lt.${name} COMMAND cublas_lt_test ${name})
        set_tests_properties(cublas_lt.${name} PROPERTIES ENVIRONMENT AWL_CUDA_AUTOTUNE=${value})
    endforeach()
endfunction()
