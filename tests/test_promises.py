"""What the studio promises, and which tests fail where a promise is broken; a promise whose test is gone is found here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

#: Each promise, and the files and tests (of a state machine: its class) that hold it.
PROMISES: dict[str, dict[str, list[str]]] = {
    "A kill at any moment loses at most the call in flight; what was recorded never vanishes or changes": {
        "core/test_kill.py": [
            "test_killed_at_every_stage_the_story_ends_the_same_and_only_the_call_in_flight_is_repeated",
            "test_killed_from_outside_at_any_moment_again_and_again_it_still_ends_the_same",
        ],
        "core/test_faults.py": ["Faults"],
        "soak/test_soak.py": ["test_a_studio_that_is_killed_has_lost_nothing_that_it_acknowledged"],
    },
    "A story goes on with the same plan, seeds and work, and ends as if nothing had been": {
        "core/test_engine.py": ["test_cut_after_any_fact_and_resumed_it_is_the_same_story_and_no_call_is_repeated"],
        "studio/test_worker.py": ["test_a_studio_closed_in_the_middle_of_a_call_finishes_the_story_when_it_opens_again"],
        "train/test_sft.py": ["test_a_killed_run_goes_on_with_the_same_losses"],
    },
    "Every fact has its pictures, whole; what was left half written is swept": {
        "core/test_store_disk.py": ["test_when_any_write_fails_every_fact_has_its_picture_and_the_story_goes_on"],
        "core/test_images.py": [
            "test_when_the_disk_fails_at_any_call_there_is_a_whole_picture_or_none",
            "test_a_sweep_removes_what_a_killed_process_left_and_nothing_else",
        ],
        "train/test_doctor.py": ["test_each_fault_is_named_with_its_place_and_nothing_else_is_blamed_or_changed"],
    },
    "Exports, backups, story files and checkpoints are there whole or not at all": {
        "studio/export/test_exports.py": ["test_a_process_killed_half_way_leaves_only_what_the_next_start_sweeps"],
        "core/test_backup.py": [
            "test_killed_at_any_stage_the_backup_before_holds_and_the_next_one_goes_on",
            "test_killed_at_any_stage_a_restore_leaves_nothing_under_the_new_name_and_goes_on",
        ],
        "core/storyfile/test_transfer.py": ["test_a_file_is_written_whole_or_not_at_all"],
        "train/test_sft.py": ["test_a_checkpoint_that_was_cut_is_not_gone_on_from"],
    },
    "Work is bounded: steps, attempts, failures, tokens, seconds, requests, room": {
        "core/test_dialect.py": ["test_at_most_the_allowed_number_of_steps_is_read"],
        "core/test_policy.py": [
            "test_the_loop_never_draws_more_than_the_budget",
            "test_a_failed_call_is_asked_again_with_another_seed_then_the_step_says_why_it_stopped",
        ],
        "core/backends/test_vlm.py": ["test_time_bounds_a_call"],
        "core/backends/test_openai.py": ["test_the_calls_seconds_bound_all_tries_and_cases_together"],
        "studio/test_caps.py": [
            "test_so_many_requests_a_minute_and_then_a_sentence_that_says_when",
            "test_a_days_share_of_the_models_comes_back_as_its_calls_grow_old",
            "test_pictures_and_uploads_of_a_day_fill_the_room_and_uploads_make_room_again",
        ],
    },
    "Every failure ends in a state with a name and a sentence; nothing stays as if it were running": {
        "studio/test_fault_states.py": [
            "test_what_the_disk_refuses_is_a_mood_with_a_sentence_and_the_story_goes_on_when_it_is_over",
            "test_a_models_fault_makes_its_story_stuck_with_the_models_sentence_until_somebody_goes_on",
            "test_a_picture_that_is_missing_or_altered_makes_its_story_stuck_until_it_is_back",
        ],
        "studio/test_worker.py": ["test_a_model_that_breaks_makes_only_its_own_story_stuck"],
        "core/test_engine.py": ["test_a_picture_that_is_gone_is_no_fault_of_the_stories_in_the_same_call"],
    },
    "Nobody changes, stops or fetches what is another's": {
        "studio/test_controller.py": [
            "test_somebody_elses_story_can_be_seen_but_not_changed",
            "test_a_file_is_watched_and_given_up_by_whoever_asked_for_it",
            "test_a_picture_is_found_in_its_own_story_only",
        ],
        "studio/test_routes.py": ["test_where_people_sign_in_nobody_else_sees_anything_of_a_story"],
    },
    "Nothing that is uploaded, imported or written by a model is ever run": {
        "core/storyfile/test_hostile_zips.py": ["test_whatever_happens_to_a_file_it_is_refused_or_as_good_as_before"],
        "core/backends/test_checkpoint.py": ["test_pickled_weights_are_refused", "test_a_pickled_adapter_is_refused"],
        "studio/test_inert.py": ["test_a_web_page_acts_not", "test_an_e_book_acts_not", "test_a_pdf_acts_not"],
    },
    "Pages may vanish: work goes on, or stops as it was told": {
        "studio/test_worker.py": [
            "test_a_story_is_told_to_its_end_with_nobody_looking",
            "test_a_pause_lets_the_call_in_flight_end_and_a_resume_goes_on_after_it",
            "test_a_stop_gives_the_call_in_flight_up_and_leaves_no_fact_of_it",
        ],
    },
    "A full disk or a locked database can be read, and is never harmed": {
        "core/test_store_disk.py": [
            "test_a_full_disk_refuses_in_a_sentence_and_loses_nothing",
            "test_a_lock_that_is_held_too_long_refuses_in_a_sentence",
        ],
        "studio/test_fault_states.py": ["test_a_studio_opens_on_a_full_disk_and_shows_what_there_is"],
        "core/test_store_writers.py": ["test_a_folder_that_cannot_be_locked_can_be_read"],
    },
}


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_is_held_by_tests_that_are_there(promise: str) -> None:
    for file, names in PROMISES[promise].items():
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert set(names) <= there, file
