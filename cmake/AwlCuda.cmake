# libawl_cuda: nvcc from PATH, from -DCMAKE_CUDA_COMPILER, or from Python wheels (cmake/fetch-nvcc.sh). The runtime is
# linked statically and nothing of it is visible, so that the library opens on machines without a driver and beside
# libtorch's own copy; both use the device's primary context, so pointers and streams pass between them.

if(NOT CMAKE_CUDA_COMPILER)
    execute_process(COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/fetch-nvcc.sh
        OUTPUT_VARIABLE CMAKE_CUDA_COMPILER OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE AWL_FETCHED)
    if(NOT AWL_FETCHED EQUAL 0)
        message(FATAL_ERROR "no nvcc: install one, or name it with -DCMAKE_CUDA_COMPILER")
    endif()
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
    include(AwlCudaArchitectures)
    awl_cuda_architectures("${CMAKE_CUDA_COMPILER}" CMAKE_CUDA_ARCHITECTURES)
endif()
message(STATUS "CUDA architectures: ${CMAKE_CUDA_ARCHITECTURES}")
get_filename_component(AWL_CUDA_HOME "${CMAKE_CUDA_COMPILER}/../.." ABSOLUTE)
# The wheels keep their libraries in lib, where nvcc looks in lib64.
set(CMAKE_CUDA_FLAGS_INIT "-L${AWL_CUDA_HOME}/lib")
enable_language(CUDA)

add_library(awl_cuda SHARED ${AWL_COMMON} cuda/device.cu cuda/cublas_lt.cu)
target_compile_definitions(awl_cuda PRIVATE AWL_BACKEND_CUDA)
target_link_libraries(awl_cuda PRIVATE awl_options ${CMAKE_DL_LIBS})
target_compile_options(awl_cuda PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wno-unused-parameter>)
target_link_directories(awl_cuda PRIVATE ${AWL_CUDA_HOME}/lib)
target_link_options(awl_cuda PRIVATE -Wl,--exclude-libs,ALL)
set_target_properties(awl_cuda PROPERTIES
    CUDA_STANDARD 17 CUDA_RUNTIME_LIBRARY Static CUDA_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)

# A test program that moves its buffers to the device.
function(awl_cuda_program program)
    target_compile_definitions(${program} PRIVATE AWL_TEST_CUDA)
    target_include_directories(${program} SYSTEM PRIVATE ${AWL_CUDA_HOME}/include)
    target_link_directories(${program} PRIVATE ${AWL_CUDA_HOME}/lib)
    target_link_libraries(${program} PRIVATE cudart_static ${CMAKE_DL_LIBS} pthread rt)
endfunction()
