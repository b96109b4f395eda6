#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr const Command* commands[] = {
    &up_command,
    &build_command,
    &pull_command,
    &push_command,
    &down_command,
    &ps_command,
    &logs_command,
    &exec_command,
    &run_command_,
    &config_command,
    &convert_command,
    &create_command,
    &start_command,
    &stop_command,
    &restart_command,
    &kill_command,
    &rm_command,
    &pause_command,
    &unpause_command,
    &scale_command,
    &port_command,
    &ls_command,
    &images_command,
    &volumes_command,
    &top_command,
    &wait_command,
    &events_command,
    &cp_command,
    &export_command,
    &commit_command,
    &version_command,
    &login_command,
    &logout_command,
    &image_import_command,
    &image_bootstrap_command,
    &image_ls_command,
    &image_rm_command,
    &image_tag_command,
    &image_inspect_command,
    &network_ls_command,
    &network_create_command,
    &network_rm_command,
    &volume_ls_command,
    &volume_create_command,
    &volume_rm_command,
    &image_build_command,
    &image_pull_command,
    &image_push_command,
    &image_save_command,
    &image_load_command,
    &image_history_command,
    &image_prune_command,
    &system_df_command,
    &attributes_command,
    &completion_command,
};

}  // namespace

std::span<const Command* const> all_commands() { return commands; }

}  // namespace estiba::orchestrator
