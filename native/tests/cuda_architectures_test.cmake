# awl_cuda_architectures() before compilers of several ages: scripts that say what such an nvcc says.
#   cmake -P cuda_architectures_test.cmake          writes them into the current folder
cmake_minimum_required(VERSION 3.20)
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/AwlCudaArchitectures.cmake)

if(ASK)  # the process that a refusal ends
    awl_cuda_architectures(${ASK} found)
    return()
endif()

set(folder ${CMAKE_CURRENT_BINARY_DIR}/cuda_architectures_test)

function(compiler file script)
    file(WRITE ${folder}/${file} "#!/bin/sh\n[ \"$*\" = --list-gpu-code ] || exit 9\n${script}\n")
    execute_process(COMMAND chmod +x ${folder}/${file})
endfunction()

function(expect told wanted)
    string(REPLACE " " "\\n" lines "${told}")
    compiler(nvcc "printf '${lines}\\n'")
    awl_cuda_architectures(${folder}/nvcc found)
    if(NOT found STREQUAL wanted)
        file(REMOVE_RECURSE ${folder})
        message(FATAL_ERROR "from ${told}: expected ${wanted}, found ${found}")
    endif()
endfunction()

function(expect_refused script words)
    compiler(nvcc "${script}")
    execute_process(COMMAND ${CMAKE_COMMAND} -DASK=${folder}/nvcc -P ${CMAKE_CURRENT_LIST_FILE}
        OUTPUT_QUIET ERROR_VARIABLE said RESULT_VARIABLE status)
    string(REGEX REPLACE "[ \n]+" " " said "${said}")
    if(status EQUAL 0 OR NOT said MATCHES "${words}")
        file(REMOVE_RECURSE ${folder})
        message(FATAL_ERROR "expected a refusal with '${words}', got status ${status}: ${said}")
    endif()
endfunction()

# CUDA 13.1, as it prints them: not in order
expect("sm_75 sm_80 sm_86 sm_87 sm_88 sm_89 sm_90 sm_100 sm_110 sm_103 sm_120 sm_121" "80;90-real;100-real;120")
# CUDA 12.8
expect("sm_50 sm_52 sm_60 sm_70 sm_75 sm_80 sm_86 sm_89 sm_90 sm_100 sm_101 sm_120" "80;90-real;100-real;120")
# CUDA 12.4: B200 and consumer Blackwell translate the PTX
expect("sm_50 sm_60 sm_70 sm_75 sm_80 sm_86 sm_87 sm_89 sm_90" "80;90")
# CUDA 11.5
expect("sm_35 sm_70 sm_80 sm_86 sm_87" "80")
# One that has dropped the oldest, and one that knows only later variants of a part
expect("sm_90 sm_90a sm_100 sm_130" "90;100")
expect("sm_90a sm_100 sm_100a" "100")
expect_refused("echo sm_60; echo sm_75" "compiles for sm_60 sm_75, and for none of the parts")
expect_refused("echo unknown option >&2; exit 1" "does not say what it compiles for .1: unknown option")
expect_refused("exit 0" "does not say what it compiles for")
file(REMOVE_RECURSE ${folder})
