# Run by ctest: what may leave the kernel objects of one level is its tables.  A weak symbol would let
# the linker give one level's code to another; a static initialiser would run before the level is
# chosen.
#   cmake -DNM=... -DLEVEL=... -DOBJECTS=...|... -P symbols.cmake
cmake_minimum_required(VERSION 3.24)

set(allowed_calls memcpy memmove memset rint rintf _GLOBAL_OFFSET_TABLE_)

string(REPLACE "|" ";" OBJECTS "${OBJECTS}")
if(NOT OBJECTS)
  message(FATAL_ERROR "no kernel objects of level ${LEVEL}")
endif()
foreach(object IN LISTS OBJECTS)
  if(NOT object MATCHES "/algorithms/([a-z0-9_]+)/kernel")
    message(FATAL_ERROR "${object} is no room's kernel")
  endif()
  set(table "cconv::${CMAKE_MATCH_1}::${LEVEL}::slice")
  execute_process(COMMAND ${NM} --demangle ${object} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" lines "${text}")
  set(found FALSE)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^[0-9a-f]* +([A-Za-z]) .*" "\\1" kind "${line}")
    string(REGEX REPLACE "^[0-9a-f]* +[A-Za-z] " "" name "${line}")
    if(name MATCHES "^_GLOBAL__sub_I")
      message(FATAL_ERROR "${object}: static initialiser ${name}")
    elseif(kind MATCHES "^[DR]$" AND name STREQUAL table)
      set(found TRUE)
    elseif(kind STREQUAL "U" AND name IN_LIST allowed_calls)
    elseif(NOT kind MATCHES "^[a-t]$")  # lower case: local; u, v, w: unique and weak
      message(FATAL_ERROR "${object}: symbol of kind ${kind} leaves it: ${name}")
    endif()
  endforeach()
  if(NOT found)
    message(FATAL_ERROR "${object}: ${table} is missing")
  endif()
endforeach()
