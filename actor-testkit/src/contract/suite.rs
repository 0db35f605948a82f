//! The list of the cases, and the tests that are made of it.

/// Expands to the tests of the contract, for the [`SystemUnderTest`](crate::SystemUnderTest) that is named.
///
/// They are in two modules, `on_one_thread` and `on_threads`.
#[macro_export]
macro_rules! system_contract {
    ($subject:ty) => {
        $crate::__contract_tests! {
            $subject;
            lifecycle {
                ids_are_never_given_twice
                an_actor_can_be_called_as_soon_as_there_is_a_reference
                a_failed_start_leaves_nothing_behind
                a_start_that_panics_leaves_nothing_behind
                an_actor_ends_when_its_last_local_reference_goes
                a_weak_reference_keeps_nothing_alive
                dropping_a_proxy_changes_nothing
                a_proxy_keeps_its_system_alive
                a_queued_call_keeps_its_actor_alive
                a_queued_cast_keeps_its_actor_alive
                a_child_lives_as_long_as_its_parent
                a_stale_reference_never_reaches_a_new_actor
                an_argument_lives_until_its_call_has_ended
                an_actor_can_be_stopped_from_elsewhere
            }
            resolving {
                an_id_resolves_to_its_actor_where_that_lives
                elsewhere_an_id_resolves_to_a_proxy
                an_id_of_an_unknown_node_is_refused
                an_id_of_another_type_is_refused_where_its_actor_lives
                a_method_of_another_type_is_answered_as_unknown
                an_ended_actor_is_refused_where_it_lived
                elsewhere_the_first_call_says_that_an_actor_has_ended
                references_are_equal_when_their_ids_are
                when_local_runs_where_the_actor_lives
                when_local_waits_for_its_turn
            }
            calling {
                arguments_and_results_arrive_as_they_were
                a_method_may_take_and_return_nothing
                a_call_does_nothing_until_it_is_awaited
                a_fn_and_an_async_fn_are_called_alike
                a_local_call_is_not_encoded
                each_reply_finds_its_own_call
                calls_of_one_caller_arrive_in_order
                a_one_way_call_arrives
                a_one_way_call_does_not_wait_for_the_method
                the_trace_travels_with_a_call
                the_chain_of_calls_travels_with_a_call
            }
            failing {
                the_methods_own_error_keeps_its_type
                the_systems_failure_is_not_the_methods_error
                a_panic_is_answered_and_ends_only_its_actor
                a_panic_after_an_await_is_answered
                a_panic_answers_the_calls_behind_it
                a_panic_in_a_one_way_call_ends_only_its_actor
                an_argument_that_cannot_be_written_is_not_sent
                an_argument_that_cannot_be_read_is_answered
                an_argument_that_panics_when_it_is_read_is_answered
                a_result_that_cannot_be_written_is_answered
                a_result_that_panics_when_it_is_written_is_answered
                a_result_that_cannot_be_read_is_a_bad_reply
                a_cycle_of_calls_is_answered
                calls_that_wait_for_a_stopped_actor_are_answered
            }
            references {
                a_reference_can_be_called_by_whoever_gets_it
                a_reference_that_comes_home_is_local
                references_travel_in_lists_and_options
                references_travel_in_structs
                a_result_may_be_a_reference
                a_reference_goes_over_three_systems
                a_call_is_relayed_over_three_systems
                a_reference_to_an_ended_actor_arrives
                what_is_kept_from_a_message_keeps_local_actors_alive
                what_is_kept_elsewhere_keeps_nothing_alive
            }
            deadlines {
                a_local_call_ends_at_its_deadline
                a_remote_call_ends_at_its_deadline
                a_call_that_waits_for_its_turn_ends_at_its_deadline
                a_remote_method_is_given_up_at_its_deadline
                a_local_method_runs_on_when_its_caller_has_gone
                a_dropped_remote_call_is_cancelled
                a_method_that_completes_runs_on_in_any_case
                a_deadline_bounds_the_calls_that_the_method_makes
                a_call_without_a_timeout_has_one
                a_call_without_time_does_not_run
            }
        }
    };
}

/// One test for each case.
#[doc(hidden)]
#[macro_export]
macro_rules! __contract_tests {
    ($subject:ty; $($theme:ident { $($case:ident)* })*) => {
        mod on_one_thread {
            #[allow(unused_imports, reason = "for the subject's path")]
            use super::*;
            $($(
                #[test]
                fn $case() {
                    $crate::contract::in_virtual_time($crate::contract::$theme::$case::<$subject>);
                }
            )*)*
        }

        mod on_threads {
            #[allow(unused_imports, reason = "for the subject's path")]
            use super::*;
            $($(
                #[test]
                fn $case() {
                    $crate::contract::on_threads($crate::contract::$theme::$case::<$subject>);
                }
            )*)*
        }
    };
}
