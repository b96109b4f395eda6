# estiba_room(NAME SOURCES... [LINK rooms-and-libraries...]): one static library a room, headers
# included from the root as "room/header.hpp".
function(estiba_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(estiba_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(estiba_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(estiba_${name} PUBLIC ${ROOM_LINK} PRIVATE estiba_warnings ${ROOM_PRIVATE_LINK})
endfunction()
